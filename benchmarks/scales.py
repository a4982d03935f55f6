"""How much is measured: all of it, for people; a little of all, for continuous integration."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How long and how often everything is done."""

    rounds: int
    sessions: int
    """For messages and starts, 1,000 in the targets."""
    many_sessions: int
    """For messages and memory, 5,000 in the targets."""
    tls_sessions: int
    audio_sessions: int
    """Each with fifty frames a second."""
    warm_ups: int
    """How often all sessions are started and stopped before anything is measured: V8 needs it."""
    seconds: float
    """The length of one measurement of messages."""
    warm_s: float
    """How long messages pass before they are measured."""
    rest_s: float
    """Between the start of sessions and the reading of their memory."""
    single_starts: int
    bursts: int
    burst: int
    repeats: int
    """How often programs are started for the sake of their start."""
    saves: int
    """For the reload; 0 leaves it out."""
    awake: bool = False
    """Whether the generator never sleeps while it measures: otherwise whoever sends to it has to wake it. Not for
    ``workers``, with which it shares the cores."""

    def with_sessions(self, sessions: int) -> "Scale":
        """Return the scale with so many sessions everywhere."""
        return replace(
            self,
            sessions=sessions,
            many_sessions=sessions,
            tls_sessions=sessions,
            audio_sessions=sessions,
            single_starts=sessions,
            burst=sessions,
        )


FULL = Scale(
    rounds=3,
    sessions=1000,
    many_sessions=5000,
    tls_sessions=400,
    audio_sessions=300,
    warm_ups=3,
    seconds=4.0,
    warm_s=2.0,
    rest_s=5.0,
    single_starts=200,
    bursts=10,
    burst=100,
    repeats=15,
    saves=30,
)
TRANSPORTS_SHORT = replace(FULL, rounds=1, many_sessions=1000, warm_ups=1, seconds=1.0, warm_s=0.5, rest_s=0.5)
"""As many connections as in full, so that messages cost what they cost there."""
SHORT = Scale(
    rounds=1,
    sessions=200,
    many_sessions=500,
    tls_sessions=100,
    audio_sessions=100,
    warm_ups=1,
    seconds=0.5,
    warm_s=0.3,
    rest_s=0.5,
    single_starts=50,
    bursts=2,
    burst=100,
    repeats=3,
    saves=0,
)
