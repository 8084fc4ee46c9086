"""Versioned price books, published by operators."""
