"""Profiles: counts of the decisions of one day, from which everything about drift is calculated."""
