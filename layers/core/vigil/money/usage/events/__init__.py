"""Usage events reported by other services, each counted once."""
