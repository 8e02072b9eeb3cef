"""Programs of the designs: valid or not, and their outcomes through the solver."""

from __future__ import annotations

from functools import cache

import pytest

from semantics.axioms import load_model
from semantics.axioms.model import Model
from semantics.diagnostics import Invalid, NotExpressible, Source
from semantics.exploration import explore
from semantics.exploration.program import Bounds, HostThread, Instantiate, Invoke, Program, Provider, Spawn
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


def outcomes(
    profile: Profile, *fields: str, threads: tuple[str, ...] = ("T0",), show: str = "", bounds: Bounds | None = None
) -> set[str]:
    """All outcomes of an instance whose exported functions `threads` run in host threads; each is written as the values
    of the registers and the ends of the threads that `show` names, as "r=1 w=trap" (all of them, if it names none).
    Imports that only the design's embedder knows are its own."""
    made = valid(profile, *fields)
    providers: tuple[Provider | None, ...] = tuple(None for _ in made.imports)
    spawns = (Spawn(HostThread(t, (Invoke("m", t),))) for t in threads)
    main = HostThread("host", (Instantiate("m", made, providers), *spawns), hidden=True)  # type: ignore[arg-type]
    structure = explore(Program("test", main), bounds or Bounds(), profile)
    found = Problem(structure, model(profile.model)).outcomes()
    assert found.complete, found.reasons
    names = show.split()
    shown = set()
    for outcome in found:
        words = [f"{register}={value}" for (_, register), value in outcome.values if not names or register in names]
        words += [f"{thread}={end.value}" for thread, end in outcome.statuses if not names or thread in names]
        shown.add(" ".join(words))
    return shown
