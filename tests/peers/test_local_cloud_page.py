"""The script of docs/local-cloud.md does what the page says, with an app of the official SDK."""

import asyncio
import os
import sys

import pytest

from tests.docs.pages import ROOT, blocks
from tests.peers.conftest import API_KEY, Peer

pytestmark = pytest.mark.node


async def test_the_script_of_the_page_drives_an_app_of_the_official_sdk(echo: Peer) -> None:
    [script] = blocks(ROOT / "docs" / "local-cloud.md", "py")

    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-c",
        script,
        env={**os.environ, "API_KEY": API_KEY, "APP_URL": echo.url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()

    assert (process.returncode, err.decode()) == (0, "")
    assert out.decode().strip() == "heard hello"
