"""Outcomes of decisions: late labels and their corrections."""
