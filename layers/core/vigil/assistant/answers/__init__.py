"""Answers: statements from guidelines, their checks, and the reasons for an abstention."""
