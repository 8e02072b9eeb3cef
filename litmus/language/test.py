"""A litmus test: a program, the question about its outcomes, and the answers that its author expects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from semantics.diagnostics import Source, Span
from semantics.execution.outcomes import Not, Observable, Proposition
from semantics.exploration.program import Program
from semantics.profiles import DEFAULT as FORK
from semantics.runtime.profile import Profile
from semantics.syntax.modules import Module


class Quantifier(Enum):
    """How a condition speaks of the outcomes, as in herd."""

    EXISTS = "exists"  # some outcome satisfies the proposition
    NOT_EXISTS = "~exists"  # no outcome satisfies it
    FORALL = "forall"  # every outcome satisfies it


class Expectation(Enum):
    """What a test's author expects under one model.

    ALLOWED and FORBIDDEN say whether some outcome satisfies the proposition (after `exists` and `~exists`);
    HOLDS and FAILS whether all do (after `forall`).
    """

    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    HOLDS = "holds"
    FAILS = "fails"

    @property
    def reachable(self) -> bool:
        """Whether the condition's `query` is expected to have a satisfying outcome."""
        return self in (Expectation.ALLOWED, Expectation.FAILS)


@dataclass(frozen=True, slots=True)
class Condition:
    """A quantified proposition over the outcomes."""

    quantifier: Quantifier
    proposition: Proposition
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def query(self) -> Proposition:
        """The proposition to search an outcome for: for `forall` a counter-example, else the proposition itself."""
        return Not(self.proposition) if self.quantifier is Quantifier.FORALL else self.proposition

    def validated(self, reachable: bool) -> bool:
        """herd's Ok: whether the condition is true, given whether `query` has an outcome."""
        return reachable is (self.quantifier is Quantifier.EXISTS)

    def verdict(self, reachable: bool) -> Expectation:
        """The answer in the words of an expectation, given whether `query` has an outcome."""
        if self.quantifier is Quantifier.FORALL:
            return Expectation.FAILS if reachable else Expectation.HOLDS
        return Expectation.ALLOWED if reachable else Expectation.FORBIDDEN


REFUSALS = ("invalid", "inexpressible", "unlinkable")
"""Verdicts on programs that a design refuses: by a typing rule, for want of a feature, when they are linked."""


class DesignExpectation(NamedTuple):
    """What is expected under a design: an Expectation's word, or a refusal with its detail (the rule, the feature)."""

    verdict: str
    detail: str = ""

    @property
    def value(self) -> str:
        """As a file says it."""
        return f"{self.verdict} {self.detail}".rstrip()

    @property
    def refuses(self) -> bool:
        """Whether the design is expected to refuse the program."""
        return self.verdict in REFUSALS


class Kind(NamedTuple):
    """What an observable holds: floats, or integers (and references), of `bits` bits."""

    bits: int
    is_float: bool = False

    def __str__(self) -> str:
        """As types are written."""
        return f"{'f' if self.is_float else 'i'}{self.bits}"


KINDS = {str(kind): kind for kind in (*map(Kind, (8, 16, 32, 64)), Kind(32, True), Kind(64, True))}
"""By the types of locations."""


@dataclass(frozen=True, slots=True)
class Test:
    """A litmus test as its file states it.

    `module` is what `program` instantiates. `threads` are the host's threads in order: herd's numbers are the
    indices. `locations` are observables to show beside those of the condition. `kinds` says what observables hold: by
    thread or function, and "" for locations, then by name. `condition` is None where the file
    asks for the outcomes only. `expectations` go by model name, as written. `bound` is the file's own bound of
    loop iterations. `profile` is the design that the program follows, `own_profile` the one that the file names;
    `designs` is what it expects under designs, by name, each with its own model.
    """

    __test__ = False  # for pytest: this is no test class

    name: str
    description: str
    program: Program
    module: Module
    threads: tuple[str, ...]
    condition: Condition | None
    locations: tuple[Observable, ...]
    kinds: Mapping[str, Mapping[str, Kind]]
    expectations: Mapping[str, Expectation]
    bound: int | None
    source: Source
    span: Span
    profile: Profile = FORK
    own_profile: Profile = FORK
    designs: Mapping[str, DesignExpectation] = field(default_factory=dict)
