"""Rights of persons: consents, exports and erasure requests."""
