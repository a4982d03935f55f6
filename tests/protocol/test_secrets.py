"""What must not be shown is not shown, wherever a message is logged."""

import importlib
import pkgutil
from collections.abc import Iterator

import msgspec
import pytest

import mentra

SECRET_FIELDS = {"api_key", "token", "hotspot_password"}
SECRET = "fedcba9876543210"


def structs(kind: type = msgspec.Struct) -> Iterator[type[msgspec.Struct]]:
    for child in kind.__subclasses__():
        yield from structs(child)
        if child.__module__.startswith("mentra."):
            yield child


def with_secrets() -> list[type[msgspec.Struct]]:
    for module in pkgutil.walk_packages(mentra.__path__, "mentra."):
        importlib.import_module(module.name)
    return [kind for kind in structs() if SECRET_FIELDS & set(kind.__struct_fields__)]


@pytest.mark.parametrize("kind", with_secrets())
def test_no_struct_shows_its_secrets(kind: type[msgspec.Struct]):
    shown = repr(kind(**dict.fromkeys(kind.__struct_fields__, SECRET)))

    assert shown.startswith(f"{kind.__name__}(")
    assert shown.count(SECRET) == len(set(kind.__struct_fields__) - SECRET_FIELDS)


def test_there_is_something_to_hide():
    assert sorted(kind.__name__ for kind in with_secrets()) == ["ConnectionInit", "DeviceState", "_AnyMessage"]
