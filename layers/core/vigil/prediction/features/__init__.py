"""Features: specifications of inputs, and feature sets that turn a history into values as of a moment."""
