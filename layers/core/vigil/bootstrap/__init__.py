"""Wires adapters into services, one file per district. A service is built on first use, never at import."""
