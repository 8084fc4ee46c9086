"""Tenants, API keys, access tokens, monthly prediction quotas and feature flags."""
