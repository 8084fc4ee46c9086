"""Messages that failed on a queue: listing, retry, resolution and the redriver."""
