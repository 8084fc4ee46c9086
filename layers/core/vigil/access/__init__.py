"""Tenants, API keys, access tokens, monthly quota and feature flags."""
