"""Channels that tenants configure, and the adapters of PagerDuty, Slack, Opsgenie, e-mail and signed webhooks."""
