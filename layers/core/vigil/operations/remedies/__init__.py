"""Actions of runbooks: each has a preview without effect, and an effect that happens once."""
