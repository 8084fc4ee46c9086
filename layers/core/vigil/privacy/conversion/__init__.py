"""Conversion of a tenant's older rows, whose digests have no key."""
