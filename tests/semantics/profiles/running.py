"""What a program may do under a design, through the solver, for the tests of designs."""

from __future__ import annotations

from semantics.axioms import load_model
from semantics.exploration import explore
from semantics.exploration.program import Program
from semantics.runtime.profile import Profile
from semantics.solver import Problem
from tests.semantics.exploration.programs import program


def results(
    profile: Profile, *fields: str, show: tuple[str, ...], threads: tuple[str, ...] = ("P0",), model: str = ""
) -> set[tuple[object, ...]]:
    """The outcomes of an instance of `fields` whose exports `threads` host threads call, seen through `show`."""
    return outcomes(profile, program(*fields, threads=threads, discipline=profile.typing), show, model)


def outcomes(profile: Profile, made: Program, show: tuple[str, ...], model: str = "") -> set[tuple[object, ...]]:
    """The outcomes of a program; "thread.register" and the name of a cell show a value, "thread" how the thread ended.
    None: there is no such thing.

    The exploration must be complete.
    """
    structure = explore(made, profile=profile)
    assert not structure.incomplete, structure.incomplete
    assert all(n.leaf is None or n.leaf.status.value != "cut" for n in structure.nodes)
    found = set()
    for outcome in Problem(structure, load_model(model or profile.model)).outcomes():
        values = {".".join(filter(None, key)): value for key, value in outcome.values}
        ends = {name: status.value for name, status in outcome.statuses}
        found.add(tuple(values.get(s, ends.get(s)) for s in show))
    return found
