"""Events published to the bus, made from the decisions stream."""
