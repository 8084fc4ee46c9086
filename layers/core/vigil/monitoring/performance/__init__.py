"""Performance of a model: estimated before labels exist, and confirmed by cohorts whose labels are due."""
