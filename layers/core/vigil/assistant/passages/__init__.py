"""Passages: the text of a document version, split by headings and sentences."""
