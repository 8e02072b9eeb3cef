"""Verdicts (architecture.md, "Verdicts"): what a model says of one question about one program.

The question is always "does some consistent execution satisfy P?". A condition `exists P` and `~exists P` asks it of
P, `forall P` asks it of ~P. `Forbidden` needs an unsatisfiable answer and a complete exploration; whatever stands in
the way of that makes `Undecided`, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from litmus.language import DesignExpectation
    from semantics.execution.candidate import CandidateExecution
    from semantics.execution.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Allowed:
    """Some consistent execution satisfies the question. `witness` is that execution, checked by the referee; it is
    None once the verdict has left the process that found it (an event structure is not sent over)."""

    outcome: Outcome
    witness: CandidateExecution | None = None


@dataclass(frozen=True, slots=True)
class Forbidden:
    """No execution does, and nothing was left out. Where somebody asked why: `core` names checks of the model that
    together forbid it (empty: there is no such candidate execution, whatever the model), and `nearest` is a candidate
    that has the outcome and violates them."""

    core: tuple[str, ...] = ()
    nearest: CandidateExecution | None = None


@dataclass(frozen=True, slots=True)
class Undecided:
    """None was found, but the search was not complete."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The design refuses the program: by a typing rule, for want of a feature, or when it is linked. `message` is the
    whole diagnostic."""

    as_expected: DesignExpectation
    message: str


Verdict = Allowed | Forbidden | Undecided | Refused


def word(verdict: Verdict) -> str:
    """allowed, forbidden or undecided; or how the design refuses."""
    if isinstance(verdict, Refused):
        return verdict.as_expected.value
    return type(verdict).__name__.lower()
