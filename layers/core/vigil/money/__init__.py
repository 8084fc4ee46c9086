"""Usage, costs, budgets and forecasts."""
