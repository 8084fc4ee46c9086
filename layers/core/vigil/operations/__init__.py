"""Health checks and dead letters."""
