"""Tenants: life cycle, tiers, limits and settings."""
