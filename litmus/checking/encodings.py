"""Whether an encoding keeps the outcomes of programs: both sides explored, each under its own design, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from time import perf_counter

from litmus.checking.check import gaps_of, unfold
from litmus.checking.limits import UNLIMITED, Limits
from litmus.checking.merge_properties import unvouched
from semantics.axioms import load_model
from semantics.axioms.model import Model
from semantics.diagnostics import InternalError
from semantics.encodings import Encoding
from semantics.encodings.rewriting import modules_of
from semantics.execution.outcomes import Outcome
from semantics.exploration.program import Program
from semantics.runtime.profile import Profile
from semantics.solver import Problem
from semantics.validation import validate

MAIN = "main"


@dataclass(frozen=True, slots=True)
class Compared:
    """Outcomes of a program and of its translation. `gaps`: why the sets may be incomplete."""

    program: Program
    translation: Program
    source: frozenset[Outcome]
    target: frozenset[Outcome]
    gaps: tuple[str, ...] = ()

    @property
    def source_only(self) -> tuple[Outcome, ...]:
        """What the translation cannot do."""
        return _sorted(self.source - self.target)

    @property
    def target_only(self) -> tuple[Outcome, ...]:
        """What the translation does besides."""
        return _sorted(self.target - self.source)

    @property
    def equal(self) -> bool | None:
        """Whether the two have the same outcomes; None where that is not known."""
        return None if self.gaps else self.source == self.target


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check: how many programs were compared, how many outcomes they have in all, why some could not be
    compared, and the first program (with its number) whose translation differs."""

    encoding: Encoding
    model: str
    programs: int
    outcomes: int
    undecided: tuple[str, ...]
    counterexample: tuple[int, Compared] | None
    seconds: float

    @property
    def holds(self) -> bool | None:
        """None where nothing differs, but something is undecided."""
        return False if self.counterexample is not None else None if self.undecided else True


def check(
    encoding: Encoding, programs: int, *, seed: int = 0, model: Model | None = None, limits: Limits = UNLIMITED
) -> Checked:
    """Compares that many random programs of the fragment with their translations, to the first difference.

    Raises InternalError for a random program outside the fragment, and Invalid where a translation is not valid in its
    design.
    """
    started = perf_counter()
    model = model or load_model(encoding.source.model)
    outcomes, done, undecided = 0, 0, []
    for number, program in random_programs(encoding, programs, seed):
        found = compare(encoding, program, model, limits)
        done += 1
        outcomes += len(found.source)
        if found.equal is None:
            undecided.append(f"program {number}: {'; '.join(found.gaps)}")
        elif not found.equal:
            seconds = perf_counter() - started
            return Checked(encoding, model.name, done, outcomes, tuple(undecided), (number, found), seconds)
    return Checked(encoding, model.name, done, outcomes, tuple(undecided), None, perf_counter() - started)


def random_programs(encoding: Encoding, programs: int, seed: int) -> Iterator[tuple[int, Program]]:
    """Programs of the fragment with their numbers; a program depends on the seed and its number alone."""
    for number in range(programs):
        program = encoding.generate(Random(f"{encoding.name} {seed} {number}"))
        if reason := encoding.outside(program):
            raise InternalError(f"random program {number} of {encoding.name} is outside the fragment: {reason}")
        yield number, program


def compare(encoding: Encoding, program: Program, model: Model, limits: Limits = UNLIMITED) -> Compared:
    """A program, which may be outside the fragment, and its translation. A difference is vouched for."""
    translation = encoding.translate(program)
    for module in modules_of(translation):
        validate(module, encoding.target.typing)
    source, target = (
        _problem(p, profile, model, limits)
        for p, profile in ((program, encoding.source), (translation, encoding.target))
    )
    sets, gaps = [], []
    for problem in (source, target):
        found = problem.outcomes()
        gaps += [*gaps_of(problem), *found.reasons]
        sets.append(frozenset(_seen(encoding, o) for o in found))
    compared = Compared(program, translation, sets[0], sets[1], tuple(dict.fromkeys(gaps)))
    if compared.equal is False:
        for problem, only in ((source, compared.source_only), (target, compared.target_only)):
            if only and (doubt := unvouched(problem, only[0])):
                return Compared(program, translation, sets[0], sets[1], (doubt,))
    return compared


def _problem(program: Program, profile: Profile, model: Model, limits: Limits) -> Problem:
    return Problem(unfold(program, limits, profile), model, time_limit=limits.seconds)


def _seen(encoding: Encoding, outcome: Outcome) -> Outcome:
    """What of an outcome the encoding compares."""
    if encoding.compare == "whole":
        return outcome
    values = tuple(v for v in outcome.values if v[0][0] in ("", MAIN))
    return Outcome(values, tuple(s for s in outcome.statuses if s[0] == MAIN))


def _sorted(outcomes: frozenset[Outcome]) -> tuple[Outcome, ...]:
    return tuple(sorted(outcomes, key=lambda o: (o.values, [(t, s.value) for t, s in o.statuses])))
