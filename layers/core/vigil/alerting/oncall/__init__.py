"""On call: the members of a tenant, and the schedules that name the member on call at a moment."""
