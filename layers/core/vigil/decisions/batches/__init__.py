"""Batch scoring of files: split, score, assemble."""
