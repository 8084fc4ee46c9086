"""Trials: weighed outcomes of a challenger, and of a promoted version against its predecessor."""
