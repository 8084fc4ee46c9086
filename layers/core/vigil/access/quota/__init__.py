"""Monthly prediction quota of each tenant; the rate limits per minute and hour are in `vigil.web.rate_limits`."""
