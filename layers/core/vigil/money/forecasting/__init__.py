"""Anomalies in hourly spend and projections of spend to the end of the month."""
