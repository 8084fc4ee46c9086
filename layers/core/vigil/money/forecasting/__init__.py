"""Anomalies in spending and projections to the end of the month."""
