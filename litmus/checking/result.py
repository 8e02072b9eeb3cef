"""What checking hands to reporting: plain records, free of event structures once `slim` has been applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from litmus.checking.verdict import Allowed, Forbidden, Refused, Undecided, Verdict
from litmus.language import Condition, DesignExpectation, Expectation
from semantics.execution.outcomes import Observable, Outcome, Proposition
from semantics.profiles import DEFAULT as FORK

if TYPE_CHECKING:
    from litmus.checking.graph import Graph


@dataclass(frozen=True, slots=True)
class Subject:
    """The test that a result speaks of, as far as reports need it.

    `threads` are the host's threads in the order of declaration; `shown` are the observables that the condition or
    `locations` names, in the order in which states print them. `digest` is 32 hex digits of the test's content.
    `condition` is None where the test asks nothing. `floats` are those of `shown` that are floats, with their width.
    """

    name: str
    file: str
    condition: Condition | None
    threads: tuple[str, ...]
    shown: tuple[Observable, ...]
    digest: str
    description: str = ""
    floats: Mapping[Observable, int] = field(default_factory=dict)

    @property
    def proposition(self) -> Proposition | None:
        """The condition's proposition."""
        return self.condition.proposition if self.condition is not None else None


@dataclass(frozen=True, slots=True)
class Table:
    """All distinct outcomes under one model, projected to what the test shows; `positive` of them satisfy the
    proposition. `gaps` say why the table may lack some (empty: it is complete)."""

    outcomes: tuple[Outcome, ...]
    positive: int
    gaps: tuple[str, ...] = ()

    @property
    def negative(self) -> int:
        """How many outcomes do not satisfy the proposition."""
        return len(self.outcomes) - self.positive


@dataclass(frozen=True, slots=True)
class Result:
    """One test under one model, as the design `profile` writes it.

    `verdict` answers the question (verdict.py), None where the test asks nothing. `validated` says whether the
    condition holds as quantified, None where undecided or nothing is asked. `expected` is the verdict that the test
    states for this model, `agrees` whether the verdict is that, both None where nothing is stated; `agrees` is None
    too where the verdict is undecided. `gaps` say what was left out (empty: complete exploration); `violations`
    name the local objects that threads of different owner groups access (INV-C).
    """

    subject: Subject
    model: str
    verdict: Verdict | None
    validated: bool | None
    expected: Expectation | DesignExpectation | None
    agrees: bool | None
    seconds: float
    gaps: tuple[str, ...] = ()
    table: Table | None = None
    bound: int = 0
    rules: Mapping[str, int] = field(default_factory=dict)
    profile: str = FORK.name
    violations: tuple[str, ...] = ()

    @property
    def answer(self) -> Expectation | None:
        """The verdict in the words of an expectation, None where undecided or nothing is asked."""
        if self.subject.condition is None or self.verdict is None or isinstance(self.verdict, Undecided | Refused):
            return None
        return self.subject.condition.verdict(isinstance(self.verdict, Allowed))


class Passed(Enum):
    """How an assertion of a script fared."""

    YES = "passed"
    NO = "failed"
    UNKNOWN = "undecided"


@dataclass(frozen=True, slots=True)
class AssertionResult:
    """One assertion (or bare action) of a script: its place, what it is, how it fared and, unless it passed, why."""

    file: str
    line: int
    thread: str
    text: str
    passed: Passed
    message: str = ""


@dataclass(frozen=True, slots=True)
class AuditResult:
    """What an assertion on racy values says against what the model allows.

    `reads` name the loads on which the asserted result depends, as "memory[24]"; the other fields are sets of their
    values, as tuples in that order. `possible`: with no axiom at all. `allowed`: under the model. `accepted`: those
    possible values with which the assertion passes.
    """

    file: str
    line: int
    text: str
    model: str
    reads: tuple[str, ...]
    possible: tuple[tuple[int | None, ...], ...]
    allowed: tuple[tuple[int | None, ...], ...]
    accepted: tuple[tuple[int | None, ...], ...]
    gaps: tuple[str, ...] = ()

    @property
    def too_weak(self) -> tuple[tuple[int | None, ...], ...]:
        """Values that the assertion accepts and the model forbids."""
        return tuple(v for v in self.accepted if v not in self.allowed)

    @property
    def too_strong(self) -> tuple[tuple[int | None, ...], ...]:
        """Values that the model allows and the assertion refuses."""
        return tuple(v for v in self.allowed if v not in self.accepted)

    @property
    def verdict(self) -> str:
        """exact, too weak, too strong, or too weak and too strong; undecided where the outcomes are incomplete."""
        if self.gaps:
            return "undecided"
        words = [w for w, found in (("too weak", self.too_weak), ("too strong", self.too_strong)) if found]
        return " and ".join(words) or "exact"


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """One script under one model."""

    name: str
    file: str
    model: str
    assertions: tuple[AssertionResult, ...]
    audits: tuple[AuditResult, ...]
    seconds: float
    gaps: tuple[str, ...] = ()
    rules: Mapping[str, int] = field(default_factory=dict)

    def count(self, passed: Passed) -> int:
        """How many assertions fared so."""
        return sum(a.passed is passed for a in self.assertions)


@dataclass(frozen=True, slots=True)
class BadInput:
    """A file that could not be read, parsed, validated or linked. `text` is the whole message as printed; `ours` where
    the fault is weft's."""

    file: str
    family: str
    text: str
    line: int | None = None
    column: int | None = None
    ours: bool = False


@dataclass(frozen=True, slots=True)
class FileReport:
    """What came of one file."""

    file: str
    results: tuple[Result | ScriptResult, ...] = ()
    error: BadInput | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run. `interrupted`: the user stopped it; `files` holds what was decided before that."""

    files: tuple[FileReport, ...]
    total: int
    seconds: float
    interrupted: bool = False

    @property
    def results(self) -> list[Result | ScriptResult]:
        """All results, in order."""
        return [r for f in self.files for r in f.results]

    @property
    def errors(self) -> list[BadInput]:
        """All bad files, in order."""
        return [f.error for f in self.files if f.error is not None]


def slim(result: Result) -> Result:
    """The result without executions, fit to be sent to another process."""
    match result.verdict:
        case Allowed():
            return replace(result, verdict=replace(result.verdict, witness=None))
        case Forbidden():
            return replace(result, verdict=replace(result.verdict, nearest=None))
    return result


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcomes of one test under several models. A row is an outcome with, for each model, whether it is allowed;
    None where that model's exploration was incomplete and did not meet it."""

    subject: Subject
    models: tuple[str, ...]
    rows: tuple[tuple[Outcome, tuple[bool | None, ...]], ...]
    gaps: tuple[tuple[str, ...], ...]  # per model
    bound: int
    seconds: float

    def count(self, model: int) -> int:
        """How many outcomes the model at that place allows."""
        return sum(allowed[model] is True for _, allowed in self.rows)


@dataclass(frozen=True, slots=True)
class Count:
    """How many distinct outcomes a test has under a model."""

    subject: Subject
    model: str
    count: int
    gaps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Axiom:
    """A check of a model in the core of a forbidden outcome: its name, text and place in the model, and the cycle or
    pair of events (their labels in the graph) by which the nearest candidate violates it."""

    name: str
    text: str
    place: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why: the graph of a witness; or, where the outcome is forbidden, the axioms that forbid it and the graph of an
    execution that has the outcome and violates them (None: there is no such candidate). `flags` are the flagged checks
    that the witness raises, with the labels of the events."""

    result: Result
    graph: Graph | None
    axioms: tuple[Axiom, ...] = ()
    flags: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often each reduction rule fired while the tests were unfolded, by name in the order of the registry."""

    fired: tuple[tuple[str, str, int], ...]  # rule, figure, times
    tests: int
    errors: tuple[BadInput, ...]
