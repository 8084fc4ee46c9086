"""Engines that vote, and the ensemble that combines their votes into a verdict."""
