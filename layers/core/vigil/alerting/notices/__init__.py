"""Delivery of notices: claims, hourly limits, retries, fallbacks, digests and their accounting."""
