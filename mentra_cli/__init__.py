"""The ``mentra`` command."""

__version__ = "0.1.0"
