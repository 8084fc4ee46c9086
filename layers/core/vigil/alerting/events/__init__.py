"""Events of decisions, published to the event bus from the stream of the decisions table."""
