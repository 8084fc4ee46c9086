"""Versioned price books."""
