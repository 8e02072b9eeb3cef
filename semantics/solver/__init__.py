"""The solver (floor 6): an event structure and a model as clauses, and the questions that z3 answers of them."""

from semantics.solver.deadline import TIME_LIMIT
from semantics.solver.problem import Explanation, Problem, Reachable, Unknown, Unreachable
from semantics.solver.search import OutcomeSet

__all__ = ["TIME_LIMIT", "Explanation", "OutcomeSet", "Problem", "Reachable", "Unknown", "Unreachable"]
