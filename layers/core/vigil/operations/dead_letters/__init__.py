"""Dead letters: jobs for failed messages, their retries and their resolution."""
