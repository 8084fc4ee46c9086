"""Decisions: scores, batches and outcomes."""
