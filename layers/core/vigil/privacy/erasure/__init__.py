"""Erasure of a tenant's or a person's data in every store, with a signed certificate."""
