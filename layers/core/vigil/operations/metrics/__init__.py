"""Metrics of the deployment for Prometheus, collected every minute into one table."""
