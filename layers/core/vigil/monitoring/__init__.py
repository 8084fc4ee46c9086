"""Monitoring of models in production: drift, performance and fairness, with stated rates of false alarms."""
