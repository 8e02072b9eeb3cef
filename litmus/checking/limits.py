"""What a check may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a user allows one check to cost. `loop`: iterations of a loop (None: the test's own bound, else the
    default); `seconds`: wall time of one test or script under one model, exploration included (None: no
    limit)."""

    loop: int | None = None
    seconds: float | None = None


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True)
class Options:
    """How to decide a suite. No `models`: those for which a test states an expectation, else the default. No
    `profiles`: the test's own design, and those for which it states an expectation. `outcomes` asks for all outcomes,
    `why` for the axioms that forbid what is forbidden. `jobs`: processes (None: one a core)."""

    models: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    limits: Limits = UNLIMITED
    outcomes: bool = False
    why: bool = False
    jobs: int | None = None
