"""Erasure of a tenant's or a person's data, certified by a signature."""
