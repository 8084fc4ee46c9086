"""Usage meters, counted from the ledger and recounted daily."""
