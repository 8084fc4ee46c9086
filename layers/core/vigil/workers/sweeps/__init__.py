"""Scheduled jobs that process every tenant once per sweep and resume at a checkpoint."""
