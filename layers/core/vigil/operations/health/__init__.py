"""Liveness, startup, readiness and detailed health."""
