"""``mentra dev``: a supervisor that keeps every session, and a child that runs the developer's current code."""
