"""One app with many users."""
