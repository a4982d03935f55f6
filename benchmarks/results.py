"""What the readings say: medians, ratios of the same round, targets, tables."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from contestants import (
    BUN_AS_SHIPPED,
    BUN_QUIET,
    NODE,
    NODE_QUIET,
    ONE_WORKER,
    OURS,
    RAW_UVLOOP,
    TWO_WORKERS,
)
from works import MEASURES, Measure, Reading

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
    Target("workers", "worker_messages_per_s", ONE_WORKER, 1.6, TWO_WORKERS),
    Target("workers", "worker_message_cpu_us", ONE_WORKER, 1.1, TWO_WORKERS),
    Target("workers", "worker_start_cpu_us", ONE_WORKER, 1.25, TWO_WORKERS),
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
    """All readings of one run: by work, measure and contestant, one for each round.

    Args:
        measures: What is read in each work.
        targets: What ours shall be.
        beside: For contestants whose ratio is told in every measure, with whom they are compared.
    """

    def __init__(
        self,
        measures: Mapping[str, Mapping[str, Measure]],
        targets: Sequence[Target] = (),
        beside: Mapping[str, str] | None = None,
    ) -> None:
        self._measures = measures
        self._targets = targets
        self._beside = beside or {}
        self._readings: dict[tuple[str, str], dict[str, list[Reading]]] = {}

    def add(self, work: str, measure: str, contestant: str, reading: Reading) -> None:
        self._readings.setdefault((work, measure), {}).setdefault(contestant, []).append(reading)

    def ratio(self, work: str, measure: str, one: str, other: str) -> Ratio | None:
        """Return the ratio of one to the other, by pairs of the same round; ``None`` if one was not measured."""
        of = self._readings.get((work, measure), {})
        pairs = zip(of.get(one, ()), of.get(other, ()), strict=False)
        ratios = [ones.value / others.value for ones, others in pairs if others.value]
        return Ratio(statistics.median(ratios), min(ratios), max(ratios)) if ratios else None

    def document(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        return {
            "readings": [
                {
                    "work": work,
                    "measure": measure,
                    "unit": self._measures[work][measure].unit,
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
                for target, ratio in self._of_targets()
            ],
            "ratios": [
                {"work": work, "measure": measure, "contestant": one, "to": other, **ratio._asdict()}
                for work, measure in self._readings
                for one, other in self._beside.items()
                if (ratio := self.ratio(work, measure, one, other)) is not None
            ],
        }

    def tables(self) -> str:
        """Return a table for each work, one of the ratios in all of them, and one of the targets, in Markdown."""
        parts = [self._table(work) for work in self._measures if any(work == read for read, _ in self._readings)]
        if self._beside:
            parts.append(self._ratios())
        targets = [
            (
                f"{MEASURES[target.work][target.measure].title} ({target.work})",
                f"{target.ours} : {target.peer}",
                f"{'>=' if _more(target) else '<='} {target.goal:g}",
                f"{ratio.median:.2f}",
                f"{ratio.low:.2f} - {ratio.high:.2f}",
                "yes" if _met(target, ratio) else "no",
            )
            for target, ratio in self._of_targets()
        ]
        if targets:
            parts.append(_markdown(("target", "ratio", "goal", "measured", "spread", "met"), targets))
        return "\n\n".join(parts)

    def _of_targets(self) -> list[tuple[Target, Ratio]]:
        found = ((each, self.ratio(each.work, each.measure, each.ours, each.peer)) for each in self._targets)
        return [(target, ratio) for target, ratio in found if ratio is not None]

    def _table(self, work: str) -> str:
        measures = [measure for read, measure in self._readings if read == work]
        names = list(self._readings[work, measures[0]])
        heads = [f"{self._measures[work][measure].title}, {self._measures[work][measure].unit}" for measure in measures]
        rows = [(name, *(self._cell(work, measure, name) for measure in measures)) for name in names]
        return _markdown((work, *heads), rows)

    def _ratios(self) -> str:
        measures = [(work, name) for work, name in self._readings if not self._measures[work][name].more_is_better]
        heads = [f"{work}: {self._measures[work][measure].title}" for work, measure in measures]
        rows = [
            (one, other, *(_spread(self.ratio(work, measure, one, other)) for work, measure in measures))
            for one, other in self._beside.items()
            if one != other and any(one in self._readings[read] for read in measures)
        ]
        return _markdown(("ratio", "to", *heads), rows)

    def _cell(self, work: str, measure: str, name: str) -> str:
        readings = self._readings[work, measure].get(name, ())
        if not readings:
            return "-"
        more_is_better = self._measures[work][measure].more_is_better
        limited = more_is_better and any((reading.load or 0) > BUSY for reading in readings)
        return f"{'>= ' if limited else ''}{_number(_median(readings))}"


def _spread(ratio: Ratio | None) -> str:
    return f"{ratio.median:.2f} ({ratio.low:.2f} - {ratio.high:.2f})" if ratio else "-"


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
