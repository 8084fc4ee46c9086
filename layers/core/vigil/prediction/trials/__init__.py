"""Trials of a challenger beside the champion: promotion, comparison, rollback."""
