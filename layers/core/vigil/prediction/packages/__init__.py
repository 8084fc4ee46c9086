"""Signed model packages: verification, publishing, aliases of versions, and loading for serving."""
