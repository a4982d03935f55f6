"""Headers of replies as they are passed on. Names in lower case."""

from collections.abc import Mapping

_LENGTH = "content-length"
_NOT_FORWARDED = frozenset({_LENGTH, "transfer-encoding", "connection", "set-cookie"})


def streamed_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a reply as it is passed on chunk by chunk: with its length, if that stays what it is."""
    kept = kept_headers(headers)
    if _LENGTH in headers:
        kept[_LENGTH] = headers[_LENGTH]
    return kept


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers as a message that is passed on keeps them: without those that its own sending decides."""
    return {name: value for key, value in headers.items() if (name := key.lower()) not in _NOT_FORWARDED}


def joined(name: str, value: str, more: str) -> str:
    """Return two values of one header as one. Source: RFC 9110, section 5.3; RFC 6265, section 5.4, for cookies."""
    return f"{value}{'; ' if name == 'cookie' else ', '}{more}"
