"""Engines that vote on a row, and the ensemble that combines their votes into a verdict."""
