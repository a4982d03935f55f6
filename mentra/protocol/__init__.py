"""What is said: every message as a frozen Struct, and pure functions over them. No I/O, no clock, no logging."""
