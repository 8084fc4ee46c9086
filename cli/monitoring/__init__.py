"""Commands about monitoring: a simulated year of a model, and the explanation of a change."""
