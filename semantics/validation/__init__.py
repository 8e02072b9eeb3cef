"""Validation: Fig. 21 with its corrections, and today's threads proposal. One function per typing rule.

A rule about instructions takes the context C, the instruction and the operands, and concludes an arrow t1* -> t2*; it
is found by the instruction's class. Rules on types and declarations raise Invalid where a premise fails. What designs
differ in is a `Discipline`.
"""

# imported to enter their rules into the registry
from semantics.runtime.discipline import PAPER, THREADS, Discipline
from semantics.validation import control, memory, numeric, references, threads  # noqa: F401
from semantics.validation.declarations import validate
from semantics.validation.matching import match_extern
from semantics.validation.registry import TYPING_RULES, TypingRule

__all__ = ["PAPER", "THREADS", "TYPING_RULES", "Discipline", "TypingRule", "match_extern", "validate"]
