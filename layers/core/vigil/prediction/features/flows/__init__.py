"""The feature set of network flows."""
