"""Circuit breakers: they stop calls to a failing vendor or endpoint for the whole fleet, and find its recovery."""
