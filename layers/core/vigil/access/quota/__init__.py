"""The monthly quota of predictions per tenant."""
