"""Service level objectives: their budgets, burn rates and alerts."""
