"""Webhooks: subscriptions of tenants to events, their signed deliveries, the log and replays."""
