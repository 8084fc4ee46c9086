"""Checks of runbooks: each reads the state of a part and returns evidence with a verdict."""
