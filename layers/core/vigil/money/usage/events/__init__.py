"""Usage that other services report."""
