"""Budgets of tenants, their alerts and their hard limits."""
