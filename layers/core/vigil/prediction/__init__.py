"""Models: features, engines, signed packages and trials."""
