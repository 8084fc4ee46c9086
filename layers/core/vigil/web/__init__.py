"""HTTP: the app, middleware, Lambda entry, problems, idempotency, paging, rate limits and OpenAPI."""
