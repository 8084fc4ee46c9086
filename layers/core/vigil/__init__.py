"""Vigil: a serverless, multi-tenant decision service."""
