"""Access tokens: OAuth sign-in, signing keys and the API Gateway authorizer."""
