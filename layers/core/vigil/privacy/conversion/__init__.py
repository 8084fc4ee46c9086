"""Conversion of a tenant's older rows, whose digests of subjects have no key."""
