"""One module per command: read the arguments, call one function, render its result. What they share: ``acting.py``."""
