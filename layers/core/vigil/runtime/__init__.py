"""Settings, telemetry and correlation ids of one process."""
