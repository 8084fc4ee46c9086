"""Events and alerts."""
