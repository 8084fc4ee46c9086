"""Drift: alarms about covariates and predictions with a stated rate of false alarms, and effects for people."""
