"""API keys that ``mentra new`` and ``mentra dev`` make up: good for the local cloud, worthless elsewhere."""

LOCAL_PREFIX = "local-"
"""How such a key begins."""


def is_local(key: str) -> bool:
    """Return whether a key is for the local cloud only; it is never sent to a real one."""
    return key.startswith(LOCAL_PREFIX)
