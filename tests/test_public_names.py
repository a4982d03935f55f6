"""Whatever a public signature mentions has a public name."""

import inspect
import typing
from collections.abc import Iterator
from typing import Any

import pytest

import mentra
import mentra.localcloud
import mentra.testing
from mentra.bitmaps.bitmap import PillowImage
from mentra.protocol.capabilities import Capabilities
from mentra.protocol.rest import DeclaredPermission
from mentra.protocol.settings import Setting
from mentra.server.workers import Workers
from mentra.session.declared_settings import SettingsItem
from mentra.session.setting_fields import Field
from mentra.transport.base import Network

PUBLIC = {name for module in (mentra, mentra.testing, mentra.localcloud) for name in module.__all__}

# Parts that one reads and never names: ``capabilities.camera``. And what a host of an app passes to ``start``.
UNNAMED = {
    *(kind for hint in typing.get_type_hints(Capabilities).values() for kind in typing.get_args(hint) or (hint,)),
    Network,
    Workers,
    PillowImage,
    # What a class of settings is made of, and what the console holds of an app.
    *(DeclaredPermission, Field, Setting, SettingsItem),
}


def types_in(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and not typing.get_args(hint):
        yield hint
    for argument in typing.get_args(hint):
        yield from types_in(argument)


def signatures_of(thing: Any) -> Iterator[Any]:
    yield thing
    if isinstance(thing, type):
        for name, member in inspect.getmembers(thing):
            if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
                yield member.fget if isinstance(member, property) else member


@pytest.mark.parametrize("module", [mentra, mentra.testing])
def test_the_types_in_public_signatures_are_public(module: Any):
    mentioned = {
        kind
        for name in module.__all__
        for signature in signatures_of(getattr(module, name))
        if isinstance(signature, type) or inspect.isroutine(signature)
        for hint in typing.get_type_hints(signature).values()
        for kind in types_in(hint)
        if kind.__module__.startswith("mentra")
    }

    assert mentioned, "this test looks at the wrong place"
    assert sorted(kind.__name__ for kind in mentioned - UNNAMED if kind.__name__ not in PUBLIC) == []
