"""A model card with every section that promotion requires."""

CARD = """# Toy, simulated

## Intended use
Tests.

## Not for
Anything else.

## Data
Made up.

## Label
Made up.

## Performance
Made up.

## Limits
All.
"""
