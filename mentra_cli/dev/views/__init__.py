"""Ways to look at the journal."""
