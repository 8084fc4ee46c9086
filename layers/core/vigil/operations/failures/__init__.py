"""Failures: errors in the log lines of all functions, grouped by their cause, with their states and alerts."""
