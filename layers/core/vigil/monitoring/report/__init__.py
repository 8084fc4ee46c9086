"""Health reports: the state of a model in production for people, without small counts."""
