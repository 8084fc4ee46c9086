"""Nightly work for every tenant: decisions of ended days are counted, due labels joined, and both judged."""
