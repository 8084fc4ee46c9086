"""Profiles: counts of the decisions of one day, from which drift is calculated."""
