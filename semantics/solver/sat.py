"""The only place that talks to z3's SAT engine: DIMACS text into one persistent solver, checks under assumptions.

One solver serves the whole process; problems take turns in it, each inside a push. z3 is imported on first use.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Any

from semantics.solver.cnf import Clauses, dimacs
from semantics.solver.deadline import Deadline

_RENEW = 2000
"""Problems after which the solver is replaced, so that what it remembers of old ones is given back."""


class Answer(Enum):
    """What a check says."""

    SAT = 1
    UNSAT = -1
    UNKNOWN = 0


class _Engine:
    """The process's solver and the owner of what it holds now."""

    def __init__(self) -> None:
        import z3

        self.z3: Any = z3
        self.context = z3.main_ctx().ref()
        self.solver = z3.SolverFor("QF_FD")
        self.owner: Sat | None = None
        self.loads = 0
        self.expressions: dict[int, Any] = {}
        self.literals: dict[int, int] = {}
        self.timeout = 0
        self.effort = 0

    def ast(self, literal: int) -> Any:
        """The z3 expression of a literal. DIMACS variables are Booleans named by their number."""
        found = self.expressions.get(literal)
        if found is None:
            variable = self.z3.Bool(abs(literal))
            found = variable if literal > 0 else self.z3.Not(variable)
            self.expressions[literal] = found
            self.literals[found.get_id()] = literal
        return found.ast

    def load(self, owner: Sat) -> None:
        """Makes the solver hold the owner's clauses."""
        if self.owner is owner:
            return
        if self.owner is not None:
            self.solver.pop()
        self.loads += 1
        if self.loads % _RENEW == 0:
            self.solver = self.z3.SolverFor("QF_FD")
            self.timeout = self.effort = 0
        self.solver.push()
        self.owner = owner
        owner.sent = 0


_engine: _Engine | None = None


def _the_engine() -> _Engine:
    global _engine
    if _engine is None:
        _engine = _Engine()
    return _engine


class Sat:
    """Checks of one formula, which are UNKNOWN once the deadline has passed."""

    def __init__(self, clauses: Clauses, deadline: Deadline) -> None:
        """Nothing is sent to the solver before the first check."""
        self.clauses = clauses
        self.deadline = deadline
        self.sent = 0
        self.checks = 0

    def ready(self, effort: int = 0) -> _Engine:
        """Makes the solver hold this formula, all of it. `effort`: as in `check`."""
        engine = _the_engine()
        engine.load(self)
        clauses = self.clauses.clauses
        if self.sent < len(clauses):
            fresh = clauses[self.sent :] if self.sent else clauses
            engine.solver.from_string(dimacs(self.clauses.variables, fresh))
            self.sent = len(clauses)
        left = self.deadline.left()
        wanted = 0 if left is None else max(1, int(1000 * left))
        if wanted != engine.timeout:
            engine.solver.set("timeout", wanted or 4294967295)
            engine.timeout = wanted
        if effort != engine.effort:
            engine.solver.set("rlimit", effort)
            engine.effort = effort
        return engine

    def check(self, assumptions: list[int], effort: int = 0) -> Answer:
        """Whether the formula has a model in which the assumptions hold. `effort`: what the solver may spend before it
        gives up, in z3's own machine-independent unit (some 10^7 a second); 0 for no limit."""
        stack = Stack(self, len(assumptions))
        for literal in assumptions:
            stack.push(literal)
        self.ready(effort)
        answer = stack.check()
        if effort:
            self.ready()
        return answer

    def core(self) -> list[int]:
        """Assumptions of the last check that cannot hold together."""
        engine = self.ready()
        literals = engine.literals
        return [literals[expression.get_id()] for expression in engine.solver.unsat_core()]

    def model(self) -> set[int]:
        """The literals that hold in the model that the last check found. Variables that do not matter are false."""
        engine = self.ready()
        found = engine.z3.Z3_model_to_string(engine.context, engine.solver.model().model)
        positive = {int(name) for name in _TRUE.findall(found)}
        return {v if v in positive else -v for v in range(1, self.clauses.variables + 1)}

    def holds(self) -> Callable[[int], bool]:
        """Tells of a literal whether it holds in the model that the last check found: cheaper than `model` where few
        literals are asked for."""
        engine = self.ready()
        z3, context, found = engine.z3, engine.context, engine.solver.model()
        result = (z3.Ast * 1)()

        def holds(literal: int) -> bool:
            z3.Z3_model_eval(context, found.model, engine.ast(literal), True, result)
            return bool(z3.Z3_get_bool_value(context, result[0]) == 1)

        return holds


class Stack:
    """Assumptions that come and go one at a time, kept in the form that the solver takes."""

    def __init__(self, sat: Sat, most: int) -> None:
        """Room for `most` assumptions."""
        self._sat = sat
        self._engine = _the_engine()
        self._array = (self._engine.z3.Ast * most)()
        self.literals: list[int] = []

    def push(self, literal: int) -> None:
        """Assumes one more literal."""
        self._array[len(self.literals)] = self._engine.ast(literal)
        self.literals.append(literal)

    def pop(self) -> None:
        """Forgets the last assumption."""
        self.literals.pop()

    def check(self) -> Answer:
        """Whether the formula has a model in which the assumptions hold."""
        sat, engine = self._sat, self._engine
        if sat.deadline.over:
            return Answer.UNKNOWN
        if engine.owner is not sat or sat.sent != len(sat.clauses.clauses):
            sat.ready()
        elif sat.deadline.end is not None:
            sat.ready(engine.effort)
        sat.checks += 1
        check = engine.z3.Z3_solver_check_assumptions
        return _ANSWERS[check(engine.context, engine.solver.solver, len(self.literals), self._array)]


_ANSWERS = {answer.value: answer for answer in Answer}
_TRUE = re.compile(r"k!(\d+) \(\) Bool\s+true")
