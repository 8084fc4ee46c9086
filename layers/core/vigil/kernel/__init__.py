"""Pure values that every district may import: time, identifiers, money, tenants, events, rows."""
