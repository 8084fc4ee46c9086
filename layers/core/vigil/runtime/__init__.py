"""Settings, telemetry, correlation ids, retries of lost races and the TTL cache of one process."""
