"""Rights of persons, and erasure of tenants' and persons' data."""
