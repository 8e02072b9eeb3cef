"""The questions: all outcomes, is a proposition reachable, why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from semantics.axioms.causality import causal
from semantics.axioms.model import Model
from semantics.diagnostics import InternalError
from semantics.execution.candidate import CandidateExecution
from semantics.execution.outcomes import And, Equals, HasStatus, Not, Or, Outcome, Proposition, Same
from semantics.execution.structure import EventStructure, Status
from semantics.solver.bitvectors import BitVectors
from semantics.solver.cnf import FALSE
from semantics.solver.deadline import TIME_LIMIT, Deadline
from semantics.solver.encoding import Encoding
from semantics.solver.sat import Answer
from semantics.solver.search import OutcomeSet, outcomes_of
from semantics.solver.values import DomainTooLarge

THIN_AIR = 4096
"""Most outcomes that are listed one model at a time."""


@dataclass(frozen=True, slots=True)
class Reachable:
    """Some consistent execution satisfies the proposition."""

    execution: CandidateExecution
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No consistent execution does. `core`: names of checks that cannot all hold in one that does, none of which
    can be spared; empty where already no candidate execution has the outcome, whatever the model."""

    core: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """The solver gave up."""

    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a proposition is unreachable: `core` as in Unreachable, and a candidate execution that satisfies it and
    violates only checks of `violated` (None where there is no candidate at all)."""

    core: tuple[str, ...]
    violated: tuple[str, ...]
    execution: CandidateExecution | None


class Problem:
    """A structure under a model. `time_limit`: seconds from now for all its questions; None for no limit."""

    def __init__(self, structure: EventStructure, model: Model, *, time_limit: float | None = None) -> None:
        """Nothing is built before the first question."""
        self.structure = structure
        self.model = model
        self.deadline = Deadline(time_limit)
        self._engine: Encoding | BitVectors | None = None
        self._wide = ""  # why values are bit-vectors
        self._doubt: tuple[str, ...] = ()  # why values may be missing from the tables

    @property
    def engine(self) -> Encoding | BitVectors:
        """The formula: tables of values where they do, else bit-vectors. Raises TimeoutError where the deadline passes
        before it stands."""
        if self._engine is None:
            self.deadline.check()
            try:
                encoding = Encoding(self.structure, self.model, self.deadline)
            except DomainTooLarge:
                self._wide = "too many values for a table"
            else:
                thin = encoding.thin_air()
                answer = Answer.UNSAT if thin == FALSE else encoding.possibly(thin)
                if answer is not Answer.SAT:
                    if answer is Answer.UNSAT:
                        encoding.clauses.add([-thin])
                    self._doubt = () if answer is Answer.UNSAT else (f"values out of thin air: {TIME_LIMIT}",)
                    self._engine = encoding
                    return encoding
                self._wide = "values out of thin air"
            self._engine = BitVectors(self.structure, self.model, self.deadline)
        return self._engine

    def outcomes(self, limit: int | None = None) -> OutcomeSet:
        """All distinct outcomes, or `limit` of them; those found so far where the deadline passes."""
        try:
            engine = self.engine
        except TimeoutError:
            return OutcomeSet.listed([], (TIME_LIMIT,))
        if isinstance(engine, Encoding):
            sat, clauses, shown, alike = engine.sat, engine.clauses, engine.observables, engine.alike()
            return outcomes_of(sat, clauses, shown, engine.uncut(), limit, self._doubt, alike)
        most = THIN_AIR if limit is None else limit
        found: list[Outcome] = []
        reasons: tuple[str, ...] = ()
        try:
            found.extend(engine.outcomes(most))
            if len(found) == most:
                reasons = (f"{self._wide}: stopped after {most} outcomes",)
        except TimeoutError:
            reasons = (f"{self._wide}: {TIME_LIMIT}",)
        return OutcomeSet.listed(found, reasons)

    def reach(self, proposition: Proposition) -> Reachable | Unreachable | Unknown:
        """Whether some outcome satisfies the proposition; if none does, which checks are to blame."""
        answer = self._ask(proposition)
        if answer is Answer.UNKNOWN:
            return Unknown(TIME_LIMIT)
        if answer is Answer.UNSAT:
            if self._doubt:
                return Unknown(self._doubt[0])
            try:
                return Unreachable(self._blame(proposition).core)
            except TimeoutError:
                return Unknown(TIME_LIMIT)
        execution = self.engine.execution()
        assert execution.outcome is not None
        return Reachable(execution, execution.outcome)

    def possible(self, proposition: Proposition) -> bool | None:
        """Whether some outcome satisfies the proposition, without witness or reasons; None where the solver gave up."""
        answer = self._ask(proposition)
        return None if answer is Answer.UNKNOWN or (answer is Answer.UNSAT and self._doubt) else answer is Answer.SAT

    def _ask(self, proposition: Proposition) -> Answer:
        """Whether some execution has an outcome that satisfies the proposition."""
        try:
            engine: Any = self.engine
        except TimeoutError:
            return Answer.UNKNOWN
        claims = [*engine.uncut(), engine.proposition(proposition)]
        if isinstance(engine, Encoding):
            return engine.check_up_to(engine.alike(proposition), claims)
        answer: Answer = engine.check(claims)
        return answer

    def witness(self, outcome: Outcome) -> CandidateExecution:
        """A consistent execution with this outcome. Raises InternalError if there is none, TimeoutError where the
        deadline passes."""
        engine: Any = self.engine
        answer = engine.check([*engine.uncut(), engine.proposition(exactly(self.structure, outcome))])
        if answer is Answer.UNKNOWN:
            raise TimeoutError
        if answer is Answer.UNSAT:
            raise InternalError("no witness of an outcome that was reported")
        execution: CandidateExecution = engine.execution()
        return execution

    def explain(self, proposition: Proposition) -> Explanation:
        """Why the proposition is unreachable. Raises InternalError where it is reachable, TimeoutError where the
        deadline passes."""
        return self._blame(proposition)

    def _blame(self, proposition: Proposition) -> Explanation:
        """Minimal sets of checks that refuse the proposition, one after another until what is left admits it. A
        linearisation is blamed only where no check says the same."""
        named: Any
        if isinstance(self.engine, Encoding):
            named = Encoding(self.structure, self.model, self.deadline, named=True)
        else:
            named = BitVectors(self.structure, self.model, self.deadline, named=True)
        wanted = [*named.uncut(), named.proposition(proposition)]
        if isinstance(named, Encoding) and (alike := named.alike(proposition)):
            wanted.append(named.ascending(alike))
        selectors = named.selectors
        orders = [x.name for x in self.model.linearisations]

        def refused(names: list[str]) -> bool:
            answer = named.check([*wanted, *(selectors[name] for name in names)])
            if answer is Answer.UNKNOWN:
                raise TimeoutError
            return answer is Answer.UNSAT

        if refused([]):  # no candidate execution at all
            return Explanation((), (), None)
        kept, spared = orders, []
        if refused(orders):  # what is to be linearised has a cycle: without a linearisation the checks tell which
            kept, spared = [], orders
        core: list[str] = []
        blamed: list[str] = []
        left = [name for name in selectors if name not in orders]
        while refused([*kept, *left]):
            found = list(left)
            for name in reversed(left):  # what stands first in the text is blamed first
                without = [n for n in found if n != name]
                if refused([*kept, *without]):
                    found = without
            core = core or found
            blamed += found
            left = [name for name in left if name not in found]
        if not core and not spared:
            raise InternalError("a reachable proposition was to be explained")
        execution: CandidateExecution = named.execution()
        return Explanation(self._in_order(core or spared), self._in_order([*blamed, *spared]), execution)

    def _in_order(self, names: list[str]) -> tuple[str, ...]:
        known = [c.name for c in self.model.checks] + [x.name for x in self.model.linearisations]
        return tuple(name for name in known if name in names)

    def cut_reachable(self) -> bool | None:
        """Whether a path that a bound cut off is consistent; None where the solver gave up, or where values from
        behind a cut, which the structure lacks, might make it so (`structure.behind`)."""
        lost = bool(self.structure.behind) and not causal(self.model)
        if not any(n.leaf is not None and n.leaf.status is Status.CUT for n in self.structure.nodes):
            return None if lost else False
        try:
            engine: Any = self.engine
        except TimeoutError:
            return None
        answer = engine.check([engine.cut()])
        if answer is Answer.UNSAT:
            return None if lost else False
        return True if answer is Answer.SAT else None


def exactly(structure: EventStructure, outcome: Outcome) -> Proposition:
    """The proposition that an outcome, and no other, satisfies."""
    values, statuses = dict(outcome.values), dict(outcome.statuses)
    parts: list[Proposition] = [Equals(observable, value) for observable, value in values.items()]
    parts += [HasStatus(thread, status) for thread, status in statuses.items()]
    for thread in structure.threads:
        if not thread.hidden and thread.name not in statuses:
            parts.append(Not(Or(tuple(HasStatus(thread.name, status) for status in Status))))
    return And((*parts, *(Not(p) for p in _unset(structure, values))))


def _unset(structure: EventStructure, values: dict[tuple[str, str], int]) -> list[Proposition]:
    """Propositions "the register has a value" for those that the outcome leaves out."""
    names: dict[tuple[str, str], None] = {}
    for node in structure.nodes:
        if node.leaf is not None:
            info = structure.threads[node.thread]
            names.update(dict.fromkeys(("" if info.hidden else info.name, r) for r in node.leaf.registers))
    return [Same(name, name) for name in names if name not in values]
