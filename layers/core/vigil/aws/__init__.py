"""AWS clients, tables, transactions, secrets, error translation and the tenant guard."""
