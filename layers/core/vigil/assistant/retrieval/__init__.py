"""Retrieval: the stores of vectors, embeddings, and the ranking of passages for a question."""
