"""Sources of alerts: CloudWatch alarms, events of the bus, and the messages of the queue that brings them."""
