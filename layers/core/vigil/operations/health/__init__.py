"""Health checks: liveness, startup, readiness and details per dependency."""
