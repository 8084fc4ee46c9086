"""Scores, batches and outcomes."""
