"""Masking: removal of health data from texts before they leave Vigil."""
