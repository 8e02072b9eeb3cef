"""INV-C (systems.md B.0): in every execution, only the threads of one owner group access a local object.

The check is on the executions that a model allows: two accesses, by threads of different groups, in one of them are a
violation. It is computed for every design; some promise it, and some do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from litmus.checking.observing import observing
from semantics.axioms.model import Model
from semantics.execution.outcomes import And, Equals, Or
from semantics.execution.structure import MADE, EventStructure, Leaf, PathNode, Touch
from semantics.runtime.profile import Profile
from semantics.solver import Problem, Reachable, Unknown
from semantics.terms import Term


@dataclass(frozen=True, slots=True)
class Violation:
    """A local object that two threads of different groups access in one execution: its name, the threads, and the first
    access of each. `certain`: such an execution was found; else whether there is one could not be decided."""

    name: str
    threads: tuple[str, str]
    accesses: tuple[Touch, Touch]
    certain: bool = True

    def __str__(self) -> str:
        """One line for people."""
        one, two = (
            f"{t} does {a.text}" + (f" at {a.span.source.name}:{a.span.line}" if a.span is not None else "")
            for t, a in zip(self.threads, self.accesses, strict=True)
        )
        doubt = "" if self.certain else " (whether in one execution is undecided)"
        return f"not confined: local {self.name}: {one}, {two}{doubt}"


def violations(
    structure: EventStructure, model: Model, profile: Profile, seconds: float | None = None
) -> tuple[Violation, ...]:
    """The local objects that are not confined, each with one pair of threads."""
    touches: dict[int, dict[str, Touch]] = {}
    for node in structure.nodes:
        if node.leaf is not None:
            for address, touch in node.leaf.touched.items():
                by, thread = touches.setdefault(address, {}), structure.threads[node.thread].name
                if thread not in by or by[thread].text == MADE:
                    by[thread] = touch
    suspects = {a: by for a, by in touches.items() if profile.own != "component" and len(by) > 1}
    if not suspects:
        return ()

    def touched(_thread: str, _node: PathNode, leaf: Leaf) -> dict[str, Term]:
        return {str(address): 1 for address in leaf.touched if address in suspects}

    problem = Problem(observing(structure, touched), model, time_limit=seconds)
    found = []
    for address, by in suspects.items():
        pairs = list(combinations(by, 2))
        together = Or(tuple(And(tuple(Equals((t, str(address)), 1) for t in pair)) for pair in pairs))
        answer = problem.reach(together)
        if isinstance(answer, Reachable):
            values = dict(answer.outcome.values)
            pairs = [p for p in pairs if all(values.get((t, str(address))) == 1 for t in p)]
        elif not isinstance(answer, Unknown):
            continue
        one, two = pairs[0]
        found.append(
            Violation(_name(structure, address), (one, two), (by[one], by[two]), isinstance(answer, Reachable))
        )
    return tuple(found)


def _name(structure: EventStructure, address: int) -> str:
    names = (name for region, name in structure.region_names.items() if region.addr == address)
    return next(names, f"object {address}").removesuffix(".len")
