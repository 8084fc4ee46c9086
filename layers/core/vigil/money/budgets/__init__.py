"""Budgets, their alerts and hard limits."""
