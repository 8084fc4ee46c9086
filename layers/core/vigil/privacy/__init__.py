"""Rights of persons and erasure of data."""
