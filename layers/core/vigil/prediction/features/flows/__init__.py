"""The feature set `flows/1`: one network flow and the flows around it."""
