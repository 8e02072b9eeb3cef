"""The audit of an assertion on racy values: does it accept exactly what the model allows?

The asserted result is a term over the values of reads. Their complete set of joint values is computed twice, under the
model and under no axiom at all; the assertion is then evaluated on each of the latter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from litmus.checking.check import gaps_of, open_problem
from litmus.checking.graph import region_place
from litmus.checking.limits import Limits
from litmus.checking.observing import observing
from litmus.checking.result import AuditResult
from litmus.language.script_lowering import Claim
from semantics.axioms.model import Model
from semantics.execution.outcomes import Outcome, Proposition, Same, holds
from semantics.execution.structure import EventStructure, Leaf, Origin, PathNode
from semantics.runtime.actions import reading
from semantics.terms import Sym, Term, symbols

UNCONSTRAINED = Model("none", "no axiom at all", (), (), (), (), {}, frozenset())
"""Allows every candidate execution: what the reads could see if there were no memory model."""


def audit(
    claim: Claim, structure: EventStructure, model: Model, limits: Limits, violation: Proposition
) -> AuditResult | None:
    """The audit of an assertion; None where its result depends on no read of shared state.

    `violation` says of an outcome that the assertion refuses it.
    """
    reads = _reads(claim, structure)
    if not reads:
        return None
    names = tuple(reads.values())

    def choose(thread: str, node: PathNode, leaf: Leaf) -> Mapping[str, Term]:
        if thread != claim.thread:
            return {}
        kept = {r: t for r in _registers(claim) if (t := leaf.registers.get(r)) is not None}
        events = {e for n in structure.path(node.id) for e in structure.nodes[n].events}
        return kept | {name: sym for sym, name in reads.items() if structure.symbols[sym].event in events}

    view = observing(structure, choose)
    free = open_problem(view, UNCONSTRAINED, limits)
    bound = open_problem(view, model, limits)
    finished = Same((claim.thread, claim.marker), (claim.thread, claim.marker))
    unconstrained, constrained = free.outcomes(), bound.outcomes()
    possible = [o for o in unconstrained if holds(finished, o)]
    allowed = [o for o in constrained if holds(finished, o)]
    accepted = [o for o in possible if not holds(violation, o)]
    return AuditResult(
        claim.span.source.name,
        claim.span.line,
        claim.text,
        model.name,
        names,
        _tuples(claim, names, possible),
        _tuples(claim, names, allowed),
        _tuples(claim, names, accepted),
        tuple(dict.fromkeys((*gaps_of(free), *gaps_of(bound), *unconstrained.reasons, *constrained.reasons))),
    )


def _registers(claim: Claim) -> tuple[str, ...]:
    return (*((claim.previous,) if claim.previous else ()), claim.marker, *(e.register for e in claim.expected))


def _tuples(claim: Claim, names: tuple[str, ...], outcomes: Iterable[Outcome]) -> tuple[tuple[int | None, ...], ...]:
    return tuple(dict.fromkeys(tuple(o.value((claim.thread, n)) for n in names) for o in outcomes))


def _reads(claim: Claim, structure: EventStructure) -> dict[Sym, str]:
    """The reads of the claim's thread on which its result depends, with a name for each: those in the result, and where
    the thread's paths differ, those on which they part."""
    thread = next(t for t in structure.threads if t.name == claim.thread)
    leaves = [n for n in structure.leaves(thread.id) if claim.marker in _leaf(structure, n).registers]
    found: set[Sym] = set()
    for node in leaves:
        registers = _leaf(structure, node).registers
        for register in (claim.marker, *(e.register for e in claim.expected)):
            found |= symbols(registers.get(register, 0))
        if len(leaves) > 1:
            for n in structure.path(node):
                found = found.union(*map(symbols, structure.nodes[n].condition))
    own = [s for s in found if _is_read(structure, s, thread.id)]
    names: dict[Sym, str] = {}
    seen: Counter[str] = Counter()
    for sym in sorted(own, key=lambda s: s.id):
        name = _place(structure, sym)
        seen[name] += 1
        names[sym] = name if seen[name] == 1 else f"{name}#{seen[name]}"
    return names


def _leaf(structure: EventStructure, node: int) -> Leaf:
    leaf = structure.nodes[node].leaf
    assert leaf is not None  # structure.leaves gives leaf nodes
    return leaf


def _is_read(structure: EventStructure, sym: Sym, thread: int) -> bool:
    info = structure.symbols[sym]
    return info.origin is Origin.READ and info.event is not None and structure.events[info.event].thread == thread


def _place(structure: EventStructure, sym: Sym) -> str:
    info = structure.symbols[sym]
    assert info.event is not None  # _is_read
    action = next(a for a in structure.events[info.event].actions if a.location.region == info.region and reading(a))
    return region_place(structure.region_names, action.location, action.size)
