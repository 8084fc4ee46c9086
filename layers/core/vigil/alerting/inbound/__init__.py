"""Actions of people at vendors and on signed links, which acknowledge and resolve alerts."""
