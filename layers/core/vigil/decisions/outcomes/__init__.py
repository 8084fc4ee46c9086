"""Outcomes of decisions, joined by decision id."""
