"""Settings, telemetry, correlation ids, retries and the TTL cache of one process."""
