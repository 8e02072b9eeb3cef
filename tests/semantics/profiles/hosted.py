"""Programs whose threads the host makes, and their outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from semantics.axioms import load_model
from semantics.diagnostics import Source
from semantics.execution.outcomes import Outcome
from semantics.execution.structure import EventStructure
from semantics.exploration import explore
from semantics.exploration.program import Bounds, Cell, HostThread, Instantiate, Invoke, Program, Provider
from semantics.runtime.profile import Profile
from semantics.solver import Problem
from semantics.syntax.modules import Module
from semantics.text import parse_module
from semantics.validation import validate

ENV = '(module (memory (export "mem") 1 1 shared))'
AWAIT = "(loop $l (br_if $l (i32.eqz (i32.atomic.load (i32.const 4)))))"


def module(text: str, profile: Profile) -> Module:
    """A module that is valid in the design."""
    made = parse_module(Source("test.wat", text))
    validate(made, profile.typing)
    return made


def program(
    profile: Profile,
    text: str,
    *,
    others: Sequence[tuple[str, str]] = (),
    observed: tuple[Cell, ...] = (),
    entry: str = "_start",
) -> Program:
    """The main thread instantiates "env" (the shared memory "mem"), the others and "m", and calls m's entry. An import
    of a module that is an instance is provided by it, any other by the design's host."""
    commands: list[Instantiate | Invoke] = []
    for name, source in (("env", ENV), *others, ("m", text)):
        made = module(source, profile)
        known = {c.instance for c in commands if isinstance(c, Instantiate)}
        providers = tuple(Provider(i.module, i.name) if i.module in known else None for i in made.imports)
        commands.append(Instantiate(name, made, providers))
    commands.append(Invoke("m", entry))
    return Program("test", HostThread("main", tuple(commands)), observed, tuple(c.name for c in observed))


def unfolded(profile: Profile, text: str, **rest: object) -> EventStructure:
    """The event structure of such a program."""
    return explore(program(profile, text, **rest), Bounds(), profile)  # type: ignore[arg-type]


def outcomes(profile: Profile, text: str, model: str | None = None, **rest: object) -> set[Outcome]:
    """All outcomes of such a program; nothing may have been left out."""
    problem = Problem(unfolded(profile, text, **rest), load_model(model or profile.model))
    found = problem.outcomes()
    assert found.complete and problem.cut_reachable() is False and not problem.structure.incomplete
    return set(found)


def shown(found: AbstractSet[Outcome], *wanted: str) -> set[tuple[object, ...]]:
    """Of each outcome, the wanted registers ("thread:r"), cells ("x") and statuses ("thread"), by their words."""

    def one(outcome: Outcome, what: str) -> object:
        thread, colon, register = what.partition(":")
        if colon:
            return outcome.value((thread, register))
        status = outcome.status(thread)
        return outcome.value(("", what)) if status is None else status.value

    return {tuple(one(o, w) for w in wanted) for o in found}
