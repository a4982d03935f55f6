"""The REST routes of the local cloud."""
