"""The questions: all outcomes, is a proposition reachable, why not."""

from __future__ import annotations

from dataclasses import dataclass

from semantics.axioms.model import Model
from semantics.execution.candidate import CandidateExecution
from semantics.execution.outcomes import Outcome, Proposition
from semantics.execution.structure import EventStructure
from semantics.diagnostics import InternalError
from semantics.solver.cnf import FALSE
from semantics.solver.decoding import decode
from semantics.solver.encoding import Encoding
from semantics.solver.sat import Answer, Sat
from semantics.solver.search import OutcomeSet, Part, Search, independent


@dataclass(frozen=True, slots=True)
class Reachable:
    """Some consistent execution satisfies the proposition."""

    execution: CandidateExecution
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No consistent execution does."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The solver gave up."""

    reason: str


class Problem:
    """A structure under a model. `time_limit`: seconds for one call of the solver."""

    def __init__(self, structure: EventStructure, model: Model, *, time_limit: float | None = None) -> None:
        self.structure = structure
        self.model = model
        self.time_limit = time_limit
        self.encoding = Encoding(structure, model)
        self.sat = Sat(self.encoding.clauses, time_limit)

    def outcomes(self, limit: int | None = None) -> OutcomeSet:
        """All distinct outcomes, or `limit` of them."""
        encoding, sat = self.encoding, self.sat
        assumptions = encoding.uncut()
        observables = encoding.observables
        thin = encoding.thin_air()
        if thin != FALSE and sat.check([thin]) is not Answer.UNSAT:
            raise InternalError("values out of thin air")
        groups = independent(encoding.clauses, observables.shown) if not assumptions else [observables.shown]
        answer = sat.check(assumptions)
        if answer is Answer.UNKNOWN:
            return OutcomeSet(observables, [Part([], [])], ("time limit of the solver",))
        if answer is Answer.UNSAT:
            return OutcomeSet(observables, [Part([], [])])
        parts, reasons = [], []
        for group in groups:
            search = Search(sat, group, assumptions, limit)
            reason = search.run()
            if reason is not None:
                reasons.append(reason)
            parts.append(Part(group, search.rows))
        return OutcomeSet(observables, parts, tuple(dict.fromkeys(reasons)))

    def reach(self, proposition: Proposition) -> Reachable | Unreachable | Unknown:
        """Whether some outcome satisfies the proposition."""
        encoding = self.encoding
        wanted = encoding.observables.proposition(proposition)
        return self._find([*encoding.uncut(), wanted])

    def _find(self, assumptions: list[int]) -> Reachable | Unreachable | Unknown:
        answer = self.sat.check(assumptions)
        if answer is Answer.UNKNOWN:
            return Unknown("time limit of the solver")
        if answer is Answer.UNSAT:
            return Unreachable()
        execution = decode(self.encoding, self.sat.model())
        assert execution.outcome is not None
        return Reachable(execution, execution.outcome)

    def cut_reachable(self) -> bool | None:
        """Whether a path that a bound cut off is consistent; None where the solver gave up."""
        cut = self.encoding.observables.cut
        if cut == FALSE:
            return False
        answer = self.sat.check([cut])
        return None if answer is Answer.UNKNOWN else answer is Answer.SAT
