"""Queues, the worker loop and sweeps over all tenants."""
