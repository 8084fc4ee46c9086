"""Trials of a challenger beside the champion: promotion, assignment of subjects, and comparison."""
