"""The fallback where values cannot be tabulated: the same clauses, with values as bit-vectors.

Used for values out of thin air (a read whose value depends on itself) and for domains beyond the tables. Slower by an
order of magnitude, and outcomes come one model at a time, up to a limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from semantics.axioms.candidates import outcome_of
from semantics.axioms.model import Model
from semantics.execution.candidate import CandidateExecution
from semantics.execution.outcomes import And, Equals, HasStatus, Not, Observable, Or, Outcome, Proposition, Same
from semantics.execution.structure import DECIDED, EventStructure, Fate, Kind, Leaf, Origin, Status, deciding
from semantics.runtime.actions import BYTE, Field, read_value
from semantics.solver.checks import Checks, prune, queue_order
from semantics.solver.closures import Demands
from semantics.solver.cnf import FALSE, TRUE, Clauses, bits
from semantics.solver.deadline import Deadline
from semantics.solver.decoding import decode
from semantics.solver.evaluation import Evaluation
from semantics.solver.frame import Area, Cell, Frame
from semantics.solver.plans import plan_of
from semantics.solver.relations import NOTHING
from semantics.solver.sat import Answer
from semantics.solver.sources import choose_sources
from semantics.solver.suspensions import Suspensions
from semantics.solver.values import Literals, part
from semantics.terms import Sym, Term


class BitValues:
    """What the suspensions ask of values: fates and counts one-hot, limits compared with small numbers.

    `links` are (literal, term, value): the literal is to be equivalent to term = value, or, where the value is -1,
    to term >= `waits`."""

    def __init__(self, frame: Frame, clauses: Clauses) -> None:
        """No literals yet: each symbol gets them when it is asked for."""
        self.frame = frame
        self.clauses = clauses
        self.of: dict[Sym, Literals] = {}
        self.links: list[tuple[int, Term, int]] = []
        self.waits = len(frame.by_kind(Kind.WAIT))

    def symbol(self, symbol: Sym) -> Literals:
        """The literals of a FATE or COUNT symbol, or one in DECIDED's values."""
        found = self.of.get(symbol)
        if found is None:
            info = self.frame.structure.symbols[symbol]
            if info.origin is Origin.FATE:
                values = [fate.value for fate in Fate]
            elif info.origin is Origin.COUNT:
                values = list(range(self.waits + 1))
            else:
                values = [0, 1]
            found = self.of[symbol] = {value: self.clauses.fresh() for value in values}
            self.links += [(literal, symbol, value) for value, literal in found.items()]
            self.clauses.add(found.values())
            if info.origin in DECIDED:
                nodes = deciding(self.frame.structure.nodes, self.frame.structure.events, info)
                is_ended = self.clauses.any_of([self.frame.guard_of_node[n.id] for n in nodes])
                self.clauses.add([-is_ended, found[1]])
                self.clauses.add([is_ended, found[0]])
        return found

    def term(self, term: Term) -> Literals:
        """The literals of a limit: exact below the number of waits, one literal for all that is more."""
        if isinstance(term, int):
            return {term: TRUE}
        literals = {value: self.clauses.fresh() for value in range(self.waits)}
        self.links += [(literal, term, value) for value, literal in literals.items()]
        more = self.clauses.fresh()
        self.links.append((more, term, -1))
        return {**literals, self.waits: more}


class BitVectors:
    """A problem with values as bit-vectors. Has what `decode` needs of an encoding."""

    def __init__(self, structure: EventStructure, model: Model, deadline: Deadline, *, named: bool = False) -> None:
        """Builds and asserts the formula. Raises TimeoutError where the deadline passes meanwhile."""
        import z3

        from semantics.solver.arithmetic import Translation

        self.z3: Any = z3
        self.deadline = deadline
        self.structure = structure
        self.plan = plan = plan_of(model)
        self.clauses = clauses = Clauses()
        self.frame = frame = Frame(structure, clauses)
        self.demands = demands = Demands(clauses)
        known = NOTHING
        if plan.monotone and not named:
            before = Evaluation(frame, plan, demands, None)
            prune(before)
            known = queue_order(before)
        for area in frame.areas.values():
            if area.region.field is Field.DATA:
                for segment in area.segments:
                    if segment.readers:
                        segment.cells = [Cell(area, k, segment) for k in range(segment.low, segment.high)]
        frame.recut()
        choose_sources(frame, clauses, exclusive=not plan.monotone)
        self.suspensions = Suspensions(frame, demands, plan.waiting, known)
        self.evaluation = Evaluation(frame, plan, demands, self.suspensions.relations())
        checks = Checks(self.evaluation, demands, named=named)
        checks.collect()
        deadline.check()
        self.values = BitValues(frame, clauses)
        for symbol, info in structure.symbols.items():
            if info.origin in (Origin.FATE, Origin.COUNT, *DECIDED):
                self.values.symbol(symbol)
        self.suspensions.emit(self.values)
        self.selectors = checks.emit_all()
        self.suspensions.finish()
        deadline.check()
        self.solver = z3.Solver()
        self._translation = Translation()
        self._assert()
        self._model: Any = None

    # -- clauses

    def bool(self, literal: int) -> Any:
        """A literal as a z3 expression."""
        variable = self.z3.Bool(abs(literal))
        return variable if literal > 0 else self.z3.Not(variable)

    def _implies(self, literals: list[int], claim: Any) -> None:
        self.solver.add(self.z3.Or([claim, *(self.bool(-literal) for literal in literals if literal != TRUE)]))

    def _assert(self) -> None:
        z3, frame = self.z3, self.frame
        for clause in self.clauses.clauses:
            self.solver.add(z3.Or([self.bool(literal) for literal in clause]))
        for literal, term, value in self.values.links:
            bits_ = self.term(term, 32)
            claim = bits_ == value if value >= 0 else z3.UGE(bits_, self.values.waits)
            self.solver.add(self.bool(literal) == claim)
        for node in frame.structure.nodes:
            guard = frame.guard_of_node[node.id]
            if guard != FALSE:
                for condition in node.condition:
                    self._implies([guard], self.term(condition, 1) == 1)
        for area in frame.areas.values():
            for reader in bits(area.reads):
                self._read(area, reader)

    def _read(self, area: Area, reader: int) -> None:
        """Every item of a read has the value that its source wrote there."""
        data = area.region.field is Field.DATA
        action = area.actions[reader]
        z3, value = self.z3, self.term(read_value(action), BYTE * action.size if data else 64)
        for segment in area.read_by(reader):
            for cell in segment.cells:
                i = cell.offset - action.location.offset
                item = z3.Extract(BYTE * i + BYTE - 1, BYTE * i, value) if data else value
                for writer in bits(segment.sources[reader]):
                    written = part(area, area.actions[writer], cell.offset, 1)
                    same = z3.And(_equal(z3, item, self.term(written, item.size())))
                    self._implies([cell.rf[writer, reader]], same)

    def term(self, term: Term, width: int) -> Any:
        """A term as a bit-vector; `width` is that of a literal."""
        return self._translation.bits(term, width)

    # -- questions

    def check(self, claims: list[Any]) -> Answer:
        """Whether some execution satisfies the claims (selectors are literals)."""
        left = self.deadline.left()
        if left == 0:
            return Answer.UNKNOWN
        if left is not None:
            self.solver.set("timeout", max(1, int(1000 * left)))
        answer = self.solver.check([self.bool(c) if isinstance(c, int) else c for c in claims])
        if answer == self.z3.sat:
            self._model = self.solver.model()
            return Answer.SAT
        return Answer.UNSAT if answer == self.z3.unsat else Answer.UNKNOWN

    def execution(self) -> CandidateExecution:
        """The execution that the last check found."""
        return decode(self, self.holds())

    def holds(self) -> set[int]:
        """The true literals of the last model."""
        z3 = self.z3
        true = {v for v in range(1, self.clauses.variables + 1) if z3.is_true(self._model.eval(z3.Bool(v)))}
        return {v if v in true else -v for v in range(1, self.clauses.variables + 1)}

    def value(self, symbol: Sym, _holds: set[int]) -> int:
        """The value of a symbol in the last model."""
        found = self._model.eval(self.term(symbol, symbol.width), model_completion=True)
        value: int = found.as_long()
        return value

    def leaves(self, thread: int | None = None) -> Iterator[tuple[int, int, Leaf]]:
        """(node, guard, leaf) of every path end that may be reached."""
        for node in self.structure.nodes:
            guard = self.frame.guard_of_node[node.id]
            if node.leaf is not None and guard != FALSE and thread in (None, node.thread):
                yield node.id, guard, node.leaf

    def uncut(self) -> list[Any]:
        """What to assume where outcomes are meant."""
        return [self.z3.Not(self.cut())]

    def cut(self) -> Any:
        """Some path was cut by a bound."""
        return self.z3.Or([self.bool(g) for _, g, leaf in self.leaves() if leaf.status is Status.CUT])

    def outcomes(self, limit: int) -> Iterator[Outcome]:
        """Distinct outcomes, at most `limit`; raises TimeoutError where the deadline passes."""
        z3 = self.z3
        active = z3.Bool("enumerating")
        seen: set[Outcome] = set()
        while len(seen) < limit:
            answer = self.check([*self.uncut(), active])
            if answer is Answer.UNKNOWN:
                raise TimeoutError
            if answer is Answer.UNSAT:
                return
            different = [z3.Not(active)]
            chosen: dict[int, int] = {}
            values = {s: self.value(s, set()) for s in self.structure.symbols}
            for node, guard, leaf in self.leaves():
                if guard == TRUE or z3.is_true(self._model.eval(self.bool(guard), model_completion=True)):
                    chosen[self.structure.nodes[node].thread] = node
                    different.append(self.bool(-guard))
                    for term in leaf.registers.values():
                        if not isinstance(term, int):
                            bits_ = self.term(term, term.width)
                            different.append(bits_ != self._model.eval(bits_, model_completion=True))
            self.solver.add(z3.Or(different))
            outcome = outcome_of(self.structure, chosen, values)
            if outcome not in seen:
                seen.add(outcome)
                yield outcome

    def proposition(self, p: Proposition) -> Any:
        """A proposition as a z3 expression."""
        z3 = self.z3
        match p:
            case Equals(observable, value):
                return z3.Or(
                    [z3.And(self.bool(g), t == value) for g, t in self._observed(observable) if not value >> t.size()]
                )
            case Same(left, right):
                return z3.Or(
                    [
                        z3.And(self.bool(g), self.bool(h), *_equal(z3, a, b))
                        for g, a in self._observed(left)
                        for h, b in self._observed(right)
                    ]
                )
            case HasStatus(thread, status):
                return z3.Or(
                    [
                        self.bool(guard)
                        for node, guard, leaf in self.leaves()
                        if leaf.status is status
                        and (info := self.structure.threads[self.structure.nodes[node].thread]).name == thread
                        and not info.hidden
                    ]
                )
            case Not(operand):
                return z3.Not(self.proposition(operand))
            case And(operands):
                return z3.And([self.proposition(o) for o in operands])
            case Or(operands):
                return z3.Or([self.proposition(o) for o in operands])

    def _observed(self, observable: Observable) -> Iterator[tuple[int, Any]]:
        """(guard, value) of an observable in every leaf that sets it."""
        name, register = observable
        for node, guard, leaf in self.leaves():
            info = self.structure.threads[self.structure.nodes[node].thread]
            if ("" if info.hidden else info.name) == name and register in leaf.registers:
                yield guard, self.term(leaf.registers[register], 64)


def _equal(z3: Any, a: Any, b: Any) -> list[Any]:
    """Equality of unsigned numbers whose widths may differ."""
    width = max(a.size(), b.size())
    return [z3.ZeroExt(width - a.size(), a) == z3.ZeroExt(width - b.size(), b)]
