"""What the readings say: medians, ratios of the same round, targets, tables."""

import statistics
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from contestants import BUN_AS_SHIPPED, BUN_QUIET, NODE, NODE_QUIET, OURS, RAW_UVLOOP
from works import MEASURES, Reading

BUSY = 0.9
"""Above this share of its core the generator was the limit: a rate is at least what was read."""


class Target(NamedTuple):
    """A ratio of ours to somebody else's, and what it shall be."""

    work: str
    measure: str
    peer: str
    goal: float
    ours: str = OURS


TARGETS = (
    Target("steady", "message_cpu_us", NODE_QUIET, 0.5),
    Target("steady", "message_cpu_us", BUN_QUIET, 0.9),
    Target("steady", "message_cpu_us", RAW_UVLOOP, 1.6),
    Target("tls", "tls_message_cpu_us", NODE_QUIET, 0.6),
    Target("tls", "tls_message_cpu_us", BUN_QUIET, 1.0),
    Target("many", "many_messages_per_s", NODE_QUIET, 2.0),
    Target("many", "many_messages_per_s", BUN_QUIET, 1.15),
    Target("steady", "starts_per_s", NODE_QUIET, 2.0),
    Target("steady", "starts_per_s", BUN_QUIET, 1.3),
    Target("steady", "starts_per_s", NODE, 5.0),
    Target("steady", "starts_per_s", BUN_AS_SHIPPED, 3.5),
    Target("tls", "tls_start_cpu_us", NODE_QUIET, 0.4),
    Target("tls", "tls_start_cpu_us", BUN_QUIET, 1.0),
    Target("steady", "burst_p99_ms", NODE_QUIET, 0.5),
    Target("audio", "frame_cpu_us", NODE_QUIET, 0.65),
    Target("audio", "frame_cpu_us", BUN_QUIET, 0.95),
    Target("many", "session_kb", BUN_QUIET, 0.4),
    Target("listening", "listening_ms", NODE_QUIET, 0.5),
    Target("listening", "listening_ms", BUN_QUIET, 1.1),
    Target("commands", "command_ms", "python -c pass", 1.5, "mentra --version"),
    Target("commands", "command_ms", "typer hello --help", 1.2, "mentra --help"),
    Target("commands", "command_ms", "import aiohttp.web", 1.3, "import mentra"),
)


class Ratio(NamedTuple):
    """Ours to theirs: the median over the rounds, and the smallest and largest."""

    median: float
    low: float
    high: float


class Results:
    """All readings of one run: by work, measure and contestant, one for each round."""

    def __init__(self) -> None:
        self._readings: dict[tuple[str, str], dict[str, list[Reading]]] = {}

    def add(self, work: str, measure: str, contestant: str, reading: Reading) -> None:
        self._readings.setdefault((work, measure), {}).setdefault(contestant, []).append(reading)

    def ratio(self, target: Target) -> Ratio | None:
        """Return the ratio of a target, by pairs of the same round; ``None`` if one of the two was not measured."""
        of = self._readings.get((target.work, target.measure), {})
        pairs = zip(of.get(target.ours, ()), of.get(target.peer, ()), strict=False)
        ratios = [ours.value / theirs.value for ours, theirs in pairs if theirs.value]
        return Ratio(statistics.median(ratios), min(ratios), max(ratios)) if ratios else None

    def document(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        return {
            "readings": [
                {
                    "work": work,
                    "measure": measure,
                    "unit": MEASURES[work][measure].unit,
                    "contestant": contestant,
                    "values": [reading.value for reading in readings],
                    "median": _median(readings),
                    "generator_load": max((reading.load for reading in readings if reading.load), default=None),
                }
                for (work, measure), by_contestant in self._readings.items()
                for contestant, readings in by_contestant.items()
            ],
            "targets": [
                {**target._asdict(), "more_is_better": _more(target), **ratio._asdict(), "met": _met(target, ratio)}
                for target in TARGETS
                if (ratio := self.ratio(target)) is not None
            ],
        }

    def tables(self) -> str:
        """Return a table for each work and one of the targets, in Markdown."""
        parts = [self._table(work) for work in MEASURES if any(work == read for read, _ in self._readings)]
        targets = [
            (
                f"{MEASURES[target.work][target.measure].title} ({target.work})",
                f"{target.ours} : {target.peer}",
                f"{'>=' if _more(target) else '<='} {target.goal:g}",
                f"{ratio.median:.2f}",
                f"{ratio.low:.2f} - {ratio.high:.2f}",
                "yes" if _met(target, ratio) else "no",
            )
            for target in TARGETS
            if (ratio := self.ratio(target)) is not None
        ]
        if targets:
            parts.append(_markdown(("target", "ratio", "goal", "measured", "spread", "met"), targets))
        return "\n\n".join(parts)

    def _table(self, work: str) -> str:
        measures = [measure for read, measure in self._readings if read == work]
        names = list(self._readings[work, measures[0]])
        heads = [f"{MEASURES[work][measure].title}, {MEASURES[work][measure].unit}" for measure in measures]
        rows = [
            (name, *(self._cell(work, measure, self._readings[work, measure].get(name, ())) for measure in measures))
            for name in names
        ]
        return _markdown((work, *heads), rows)

    def _cell(self, work: str, measure: str, readings: Sequence[Reading]) -> str:
        if not readings:
            return "-"
        limited = MEASURES[work][measure].more_is_better and any((reading.load or 0) > BUSY for reading in readings)
        return f"{'>= ' if limited else ''}{_number(_median(readings))}"


def _more(target: Target) -> bool:
    return MEASURES[target.work][target.measure].more_is_better


def _met(target: Target, ratio: Ratio) -> bool:
    return ratio.median >= target.goal if _more(target) else ratio.median <= target.goal


def _median(readings: Iterable[Reading]) -> float:
    return statistics.median(reading.value for reading in readings)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True))
        return "| " + " | ".join((first, *(other.strip().rjust(len(other)) for other in others))) + " |"

    first, *others = widths  # The first column is words, the others are numbers.
    rule = "|".join(("", "-" * (first + 2), *("-" * (width + 1) + ":" for width in others), ""))
    return "\n".join((line(heads), rule, *(line(row) for row in rows)))
