"""Episodes of alerts: their life from the first event to the resolution, their store, and their API."""
