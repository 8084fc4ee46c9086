"""Scheduled jobs that visit every tenant and resume at a checkpoint."""
