"""The API of circuit breakers: states, resets and openings by hand."""
