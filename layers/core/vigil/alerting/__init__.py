"""Events on the event bus."""
