"""Feature flags with sticky percentage rollout."""
