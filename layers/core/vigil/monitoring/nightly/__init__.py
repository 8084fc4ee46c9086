"""Nightly work: decisions of ended days are counted, due labels joined, and both judged, for every tenant."""
