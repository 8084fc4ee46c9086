"""AWS clients with retries, DynamoDB tables and transactions, secrets, error translation and the tenant guard."""
