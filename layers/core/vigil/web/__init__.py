"""HTTP: app, middleware, Lambda entry, problem documents, idempotency, ETags, paging, rate limits and OpenAPI."""
