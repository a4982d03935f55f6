"""Who is measured: the same app on our SDK, on the official one, and on none."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from generator import API_KEY, PACKAGE_NAME

HERE = Path(__file__).parent
PEERS = HERE / "peers"
BUN = HERE / "node_modules" / ".bin" / "bun"
SDK = HERE / "node_modules" / "@mentra" / "sdk"

OURS, OURS_ASYNC = "mentra", "mentra async"
NODE, NODE_QUIET = "node", "node quiet"
BUN_AS_SHIPPED, BUN_QUIET = "bun", "bun quiet"
RAW_UVLOOP, RAW_ASYNCIO = "raw uvloop", "raw asyncio"
ONE_WORKER, TWO_WORKERS = "1 worker", "2 workers"

# Nothing else of our environment: SDKs look for proxies, log tokens and keys in it.
_KEPT = ("PATH", "HOME", "LANG", "PYENV_ROOT", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Contestant:
    """One app on one SDK and runtime.

    Attributes:
        missing: What it needs and this machine does not have; empty if it can run.
        works: Those that it does; all when there are none.
        on_all_cores: It is several processes, which need more than the core of the others.
    """

    name: str
    command: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""
    works: tuple[str, ...] = ()
    on_all_cores: bool = False

    def environment(self, port: int, stream: str, authority: Path | None) -> dict[str, str]:
        """Return the environment of its process. With an authority, everybody is told to trust it."""
        trust = {} if authority is None else dict.fromkeys(("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), str(authority))
        return {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "PACKAGE_NAME": PACKAGE_NAME,
            "API_KEY": API_KEY,
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "BENCH_STREAM": stream,
            "MENTRA_DEV": "1",  # The cloud is on this machine; nothing else depends on it.
            **trust,
            **self.variables,
        }


def missing(*packages: str) -> str:
    """Return which of these packages are not installed."""
    absent = [package for package in packages if importlib.util.find_spec(package) is None]
    return f"{', '.join(absent)}, of the group bench" if absent else ""


def contestants() -> list[Contestant]:
    """Return everybody; the first one is what the others are compared with."""
    node, python = shutil.which("node") or "node", sys.executable
    no_sdk = "" if SDK.exists() else "npm install in benchmarks/"
    no_node = no_sdk or ("" if shutil.which("node") else "node")
    no_bun = no_sdk or ("" if BUN.exists() else "npm install in benchmarks/")
    ours = (python, str(PEERS / "captions.py"))
    ts, raw = str(PEERS / "captions.mjs"), (python, str(PEERS / "raw.py"))
    quiet = {"BENCH_QUIET": "1"}
    return [
        Contestant(OURS, ours),
        Contestant(OURS_ASYNC, ours, {"BENCH_ASYNC": "1"}, works=("steady",)),
        Contestant(NODE_QUIET, (node, ts), quiet, no_node),
        Contestant(BUN_QUIET, (str(BUN), ts), quiet, no_bun),
        Contestant(NODE, (node, ts), {}, no_node),
        Contestant(BUN_AS_SHIPPED, (str(BUN), ts), {}, no_bun),
        Contestant(RAW_UVLOOP, raw, {"BENCH_LOOP": "uvloop"}, missing("uvloop")),
        Contestant(RAW_ASYNCIO, raw, {"BENCH_LOOP": "asyncio"}),
    ]


def crews() -> list[Contestant]:
    """Return our own app in one worker and in two. Both may use all cores, and each message has its work in CPU."""
    work = {"BENCH_WORK_MS": "1"}
    command = (sys.executable, "-m", "mentra_cli", "run", str(PEERS / "captions.py"), "--workers")
    return [
        Contestant(ONE_WORKER, (*command, "1"), work, on_all_cores=True),
        Contestant(TWO_WORKERS, (*command, "2"), work, on_all_cores=True),
    ]
