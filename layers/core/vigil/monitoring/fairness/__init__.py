"""Fairness: measures by group with intervals, and verdicts that can be `insufficient`."""
