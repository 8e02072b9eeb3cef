"""What an outcome shows, as literals: registers, final cells and statuses, each with exactly one value.

A register that a thread did not set, and the status of a thread that was never spawned, have the value None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from semantics.execution.outcomes import And, Equals, HasStatus, Not, Observable, Or, Outcome, Proposition, Same
from semantics.execution.structure import Status, Thread
from semantics.solver.cnf import FALSE, TRUE, Clauses
from semantics.solver.frame import Frame
from semantics.solver.values import OTHER, Literals, Values
from semantics.terms import Term

Value = int | Status | None


@dataclass(eq=False, slots=True)
class Shown:
    """One observable or one thread's status, with the literal of every value that it may have."""

    observable: Observable | None
    thread: str
    literals: dict[Value, int]


class Observables:
    """The observables of a structure. `uncut` is assumed where outcomes are meant: no path was cut by a bound."""

    def __init__(self, frame: Frame, values: Values, clauses: Clauses) -> None:
        """Literals for everything that the leaves show."""
        self.frame = frame
        self.values = values
        self.clauses = clauses
        self.shown: list[Shown] = []
        self.by_observable: dict[Observable, Shown] = {}
        self.by_thread: dict[str, Shown] = {}
        guards, nodes = frame.guard_of_node, frame.structure.nodes
        leaves: dict[int, list[int]] = {thread.id: [] for thread in frame.structure.threads}
        cuts: list[int] = []
        for node in nodes:
            if node.leaf is not None and guards[node.id] != FALSE:
                if node.leaf.status is Status.CUT:
                    cuts.append(guards[node.id])
                else:
                    leaves[node.thread].append(node.id)
        self.cut = clauses.any_of(cuts)
        named: dict[str, list[Thread]] = {}
        for thread in frame.structure.threads:
            named.setdefault("" if thread.hidden else thread.name, []).append(thread)
        for name, threads in named.items():
            self._thread(name, threads, [node for thread in threads for node in leaves[thread.id]])

    def _thread(self, name: str, threads: Sequence[Thread], leaves: Sequence[int]) -> None:
        """Threads of one name: no two of them begin in one execution, as they were forked on alternative paths."""
        guards, nodes = self.frame.guard_of_node, self.frame.structure.nodes
        absent = -self.clauses.any_of([guards[thread.root] for thread in threads])
        names: dict[str, None] = {}
        for node in leaves:
            leaf = nodes[node].leaf
            assert leaf is not None
            names.update(dict.fromkeys(leaf.registers))
        for register in names:
            terms: list[tuple[int, Term | None]] = []
            for node in leaves:
                leaf = nodes[node].leaf
                assert leaf is not None
                terms.append((guards[node], leaf.registers.get(register)))
            shown = Shown((name, register), "", self._register(terms, absent))
            self.shown.append(shown)
            self.by_observable[name, register] = shown
        if not threads[0].hidden:
            ways: dict[Value, list[int]] = {}
            for node in leaves:
                leaf = nodes[node].leaf
                assert leaf is not None
                ways.setdefault(leaf.status, []).append(guards[node])
            if absent != FALSE:
                ways[None] = [absent]
            status = Shown(None, name, {value: self.clauses.any_of(found) for value, found in ways.items()})
            self.shown.append(status)
            self.by_thread[name] = status

    def _register(self, terms: list[tuple[int, Term | None]], absent: int) -> dict[Value, int]:
        """The values of a register from what it is in every leaf of its thread."""
        first = terms[0][1]
        if absent == FALSE and first is not None and all(term == first for _, term in terms):
            return dict(_known(self.values.term(first)))
        clauses = self.clauses
        ways: dict[Value, list[list[int]]] = {None: [[absent]]} if absent != FALSE else {}
        for guard, term in terms:
            if term is None:
                ways.setdefault(None, []).append([guard])
                continue
            for value, literal in _known(self.values.term(term)).items():
                ways.setdefault(value, []).append([guard, literal])
        if len(ways) == 1:
            return {next(iter(ways)): TRUE}
        result: dict[Value, int] = {}
        for value, found in ways.items():
            result[value] = clauses.any_of([clauses.all_of(way) for way in found])
        return result

    def proposition(self, p: Proposition) -> int:
        """A literal that is equivalent to a proposition, in executions whose threads have all ended."""
        clauses = self.clauses
        match p:
            case Equals(observable, value):
                shown = self.by_observable.get(observable)
                return FALSE if shown is None else shown.literals.get(value, FALSE)
            case Same(left, right):
                a, b = self.by_observable.get(left), self.by_observable.get(right)
                if a is None or b is None:
                    return FALSE
                both = [(x, b.literals[v]) for v, x in a.literals.items() if v is not None and v in b.literals]
                return clauses.any_of([clauses.all_of(pair) for pair in both])
            case HasStatus(thread, status):
                found = self.by_thread.get(thread)
                return FALSE if found is None else found.literals.get(status, FALSE)
            case Not(operand):
                return -self.proposition(operand)
            case And(operands):
                return clauses.all_of([self.proposition(o) for o in operands])
            case Or(operands):
                return clauses.any_of([self.proposition(o) for o in operands])

    def assumptions(self, outcome: Outcome) -> list[int] | None:
        """Literals that say "this outcome"; None where some value is impossible."""
        values, statuses = dict(outcome.values), dict(outcome.statuses)
        if not values.keys() <= self.by_observable.keys() or not statuses.keys() <= self.by_thread.keys():
            return None
        literals = []
        for shown in self.shown:
            wanted = statuses.get(shown.thread) if shown.observable is None else values.get(shown.observable)
            literal = shown.literals.get(wanted, FALSE)
            if literal == FALSE:
                return None
            literals.append(literal)
        return literals

    def outcome(self, chosen: Mapping[Shown, Value]) -> Outcome:
        """The outcome that a choice of values for everything shown makes."""
        values, statuses = [], []
        for shown, value in chosen.items():
            if shown.observable is not None and isinstance(value, int):
                values.append((shown.observable, value))
            elif isinstance(value, Status):
                statuses.append((shown.thread, value))
        return Outcome(tuple(sorted(values)), tuple(sorted(statuses, key=lambda s: s[0])))


def _known(literals: Literals) -> dict[Value, int]:
    return {value: literal for value, literal in literals.items() if value != OTHER}
