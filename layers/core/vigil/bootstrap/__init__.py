"""The one place where adapters are wired into services. Everything is built on first use, nothing at import."""
