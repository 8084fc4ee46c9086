"""Pure values that every district may import: timestamps, identifiers, money, tenants, events and rows."""
