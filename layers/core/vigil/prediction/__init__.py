"""Prediction: features, engines, signed model packages, and trials of new model versions."""
