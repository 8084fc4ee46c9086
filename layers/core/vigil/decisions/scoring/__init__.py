"""Scoring of one subject, and the ledger of decisions."""
