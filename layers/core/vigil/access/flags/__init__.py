"""Feature flags with rollout by stage, tenant list and sticky percentage."""
