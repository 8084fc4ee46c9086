"""Feature specifications, and feature sets that compute features from a history as of a given time."""
