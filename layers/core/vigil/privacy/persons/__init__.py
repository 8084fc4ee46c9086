"""Consents, exports and erasure requests of persons."""
