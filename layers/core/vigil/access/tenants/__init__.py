"""Tenants: life cycle, tier, limits and settings."""
