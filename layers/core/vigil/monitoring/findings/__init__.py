"""Findings about a model in production: the change, its size, and the one next step."""
