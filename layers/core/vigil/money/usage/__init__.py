"""Usage meters of tenants: counted from row changes and usage events, audited daily."""
