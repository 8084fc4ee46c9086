"""Answers from guidelines: documents, retrieval, and verbatim answers with checked citations."""
