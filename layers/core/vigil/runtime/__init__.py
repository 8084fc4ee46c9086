"""Settings, start-up checks, telemetry, correlation ids, retries of lost races, and the caches of one process."""
