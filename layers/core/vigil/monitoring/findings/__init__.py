"""Findings about a model in production: what moved, how much, and the one next step."""
