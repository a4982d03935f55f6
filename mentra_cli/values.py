"""``KEY=VALUE`` on a command line: values are JSON where they can be, else text."""

from collections.abc import Iterable
from typing import Any, cast

from mentra.protocol import codec
from mentra_cli.errors import CliError, ExitCode


def parse_values(pairs: Iterable[str]) -> dict[str, Any]:
    """Read ``["lines=3", "city=Vienna"]`` as ``{"lines": 3, "city": "Vienna"}``.

    Raises:
        CliError: One is no pair (USAGE).
    """
    return {key: _value(text) for key, text in map(_split, pairs)}


def parse_nested(pairs: Iterable[str], *, over: dict[str, Any]) -> dict[str, Any]:
    """Read pairs as ``parse_values`` does; a dot in a key leads into an object: ``wifi.connected=true``.

    Args:
        over: What the pairs are added to.

    Raises:
        CliError: One is no pair, or leads into something that is no object (USAGE).
    """
    result = dict(over)
    for pair in pairs:
        key, text = _split(pair)
        *parents, last = key.split(".")
        place = result
        for parent in parents:
            below = place.get(parent, {})
            if not isinstance(below, dict):
                raise CliError(f"{pair!r}: {parent} is no object.", fix=_WRITE, code=ExitCode.USAGE)
            place[parent] = place = dict(cast(dict[str, Any], below))
        place[last] = _value(text)
    return result


def parse_object(text: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        CliError: It is none (USAGE).
    """
    value = codec.decode_as(dict[str, Any], text)
    if isinstance(value, codec.Malformed):
        raise CliError(
            f"{text!r} is no JSON object: {value.problem}.", fix="""Write one: '{"level": 5}'""", code=ExitCode.USAGE
        )
    return value


def _split(pair: str) -> tuple[str, str]:
    key, equals, text = pair.partition("=")
    if not key or not equals:
        raise CliError(f"{pair!r} is not KEY=VALUE.", fix=_WRITE, code=ExitCode.USAGE)
    return key, text


def _value(text: str) -> Any:
    value = codec.decode_as(object, text)
    return text if isinstance(value, codec.Malformed) else value


_WRITE = "Write a key, an equals sign and a value: lines=3"
