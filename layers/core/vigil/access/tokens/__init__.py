"""Access tokens: OAuth endpoints and sessions, signing keys and their rotation, and the API Gateway authorizer."""
