"""Incidents: runbooks as data, their life, their steps, and the report after their end."""
