"""Costs of usage, statements of closed months and their adjustments."""
