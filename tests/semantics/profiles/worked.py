"""Programs of the designs: valid or not, and their outcomes through the solver."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import pytest

from semantics.axioms import load_model
from semantics.axioms.brute import outcomes_under
from semantics.axioms.model import Model
from semantics.axioms.referees import referee_for
from semantics.diagnostics import Invalid, NotExpressible, Source
from semantics.execution.outcomes import Outcome
from semantics.execution.structure import EventStructure
from semantics.exploration import explore
from semantics.exploration.program import Bounds, HostThread, Instantiate, Invoke, Program, Spawn
from semantics.runtime.profile import Profile
from semantics.solver import Problem
from semantics.syntax.modules import Module
from semantics.text import parse_module
from semantics.validation import validate

MEM = '(memory $mem (export "mem") 1 1 shared)'


@cache
def model(name: str) -> Model:
    """A memory model that ships."""
    return load_model(name)


def read(*fields: str) -> Module:
    """A module of the given fields, not yet validated."""
    return parse_module(Source("test.wat", f"(module {' '.join(fields)})"))


def valid(profile: Profile, *fields: str) -> Module:
    """A module that the design accepts."""
    made = read(*fields)
    validate(made, profile.typing)
    return made


def refused(profile: Profile, rule: str, words: str, *fields: str) -> None:
    """The design's typing refuses the module, by that rule and in these words."""
    with pytest.raises(Invalid) as error:
        validate(read(*fields), profile.typing)
    assert error.value.rule == rule
    assert words in error.value.message
    assert error.value.span is not None


def inexpressible(profile: Profile, feature: str, *fields: str) -> None:
    """The design has no such feature; the error says where it is used."""
    with pytest.raises(NotExpressible) as error:
        validate(read(*fields), profile.typing)
    assert error.value.message == f"not expressible under {profile.typing.name}: needs {feature}"
    assert error.value.span is not None


def structure_of(
    profile: Profile, *fields: str, threads: tuple[str, ...] = ("T0",), bounds: Bounds | None = None
) -> EventStructure:
    """The executions of an instance whose exported functions `threads` run in host threads. Imports are those of the
    design's embedder."""
    made = valid(profile, *fields)
    spawns = (Spawn(HostThread(t, (Invoke("m", t),))) for t in threads)
    main = HostThread("host", (Instantiate("m", made, (None,) * len(made.imports)), *spawns), hidden=True)
    return explore(Program("test", main), bounds or Bounds(), profile)


def outcomes(
    profile: Profile, *fields: str, threads: tuple[str, ...] = ("T0",), show: str = "", bounds: Bounds | None = None
) -> set[str]:
    """All outcomes of such a program; each is written as the values of the registers and the ends of the threads that
    `show` names, as "r=1 w=trap" (all of them, if it names none)."""
    found = Problem(structure_of(profile, *fields, threads=threads, bounds=bounds), model(profile.model)).outcomes()
    assert found.complete, found.reasons
    return spelled(found, show)


def brute_outcomes(profile: Profile, *fields: str, threads: tuple[str, ...] = ("T0",), show: str = "") -> set[str]:
    """The same by enumeration of all candidate executions, judged by the referee: no formula, no solver."""
    referee = referee_for(profile.model)
    assert referee is not None
    return spelled(outcomes_under(structure_of(profile, *fields, threads=threads), referee), show)


def spelled(found: Iterable[Outcome], show: str) -> set[str]:
    """Outcomes as words; `show` names registers and threads."""
    names = show.split()
    shown = set()
    for outcome in found:
        words = [f"{register}={value}" for (_, register), value in outcome.values if not names or register in names]
        words += [f"{thread}={end.value}" for thread, end in outcome.statuses if not names or thread in names]
        shown.add(" ".join(words))
    return shown
