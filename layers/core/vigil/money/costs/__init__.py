"""Costs: usage times prices, statements of closed months and adjustments."""
