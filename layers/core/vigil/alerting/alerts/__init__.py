"""Values of alerts that all rooms of the district share: events, episodes, notices and their counts."""
