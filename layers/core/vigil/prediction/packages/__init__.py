"""Signed model packages: verification, publishing, aliases and loading."""
