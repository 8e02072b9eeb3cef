"""A search for a counter-example to confinement (INV-C): all well-typed programs of a design, up to a size.

A design that promises confinement must have none; a search that finds those of the others shows that it can.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from litmus.checking.assembly import Assembly, Bodies
from litmus.checking.check import prepare
from litmus.checking.confinement import Violation, violations
from litmus.checking.generating import Generator
from litmus.checking.grammar import vocabularies
from litmus.language import Test, load
from semantics.axioms import load_model
from semantics.axioms.model import Model
from semantics.diagnostics import InternalError, LinkError, Source, Unsupported
from semantics.execution.structure import Status
from semantics.exploration import explore
from semantics.exploration.program import Bounds
from semantics.runtime.profile import Profile

BOUNDS = Bounds(loop=2, calls=12, threads=8, nodes=400, events=2000, steps=20_000)
"""Programs are small: what reaches one of these calls or starts itself again and again."""
_CUT = "a bound was reached"


@dataclass(frozen=True, slots=True)
class Count:
    """Programs of one size: how many there are, how many of them are well typed, how many were explored."""

    size: int
    generated: int
    well_typed: int
    explored: int


@dataclass(frozen=True, slots=True)
class CounterExample:
    """A program, as a main test, and its local objects that are not confined."""

    text: str
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What came of a search. `owner`: to whom the design promises confinement (Profile.own). `cut`: how many programs
    run on, and were explored up to BOUNDS. `gaps`: how many were not decided, by reason. `limited`: the limit left
    programs out."""

    profile: str
    owner: str
    counts: tuple[Count, ...]
    cut: int
    gaps: dict[str, int]
    limited: bool
    found: CounterExample | None

    @property
    def promised(self) -> bool:
        """Whether the design promises confinement."""
        return self.owner != "nobody"

    @property
    def explored(self) -> int:
        """How many programs were explored."""
        return sum(c.explored for c in self.counts)

    @property
    def holds(self) -> bool | None:
        """Whether all programs are confined, as far as they were explored; None where some were not, or there are
        none."""
        if self.found is not None:
            return False
        return None if self.limited or self.gaps or not self.explored else True


def search(profile: Profile, size: int, limit: int | None = None) -> Search:
    """Explores the well-typed programs of up to `size` statements, the smaller first, at most `limit` of them, until
    one is not confined. Where the design is stuck the thread traps: so it does all that the design lets it do."""
    profile = replace(profile, null_call="trap", link_mismatch="trap")
    model = load_model(profile.model)
    generators = [Generator(Assembly(words)) for words in vocabularies(profile)]
    counts: list[Count] = []
    gaps: Counter[str] = Counter()
    found: CounterExample | None = None
    left = limit
    for length in range(1, size + 1):
        explored = 0
        for generator, bodies in _programs(generators, length):
            if left == 0:
                break
            left = None if left is None else left - 1
            explored += 1
            bad = _not_confined(generator.assembly, bodies, model, profile, gaps)
            if bad:
                found = _written(generator.assembly.text(bodies), model, profile)
                break
        generated = sum(g.generated(length) for g in generators)
        counts.append(Count(length, generated, sum(g.well_typed(length) for g in generators), explored))
        if found is not None:
            break
    limited = found is None and any(c.explored < c.well_typed for c in counts)
    cut = gaps.pop(_CUT, 0)
    return Search(profile.name, profile.own, tuple(counts), cut, dict(gaps), limited, found)


def _programs(generators: list[Generator], size: int) -> Iterator[tuple[Generator, Bodies]]:
    for generator in generators:
        for bodies in generator.programs(size):
            yield generator, bodies


def _not_confined(
    assembly: Assembly, bodies: Bodies, model: Model, profile: Profile, gaps: Counter[str]
) -> tuple[Violation, ...]:
    """The violations of one program; what was left out is counted in `gaps`."""
    try:
        structure = explore(assembly.program(assembly.module(bodies)), BOUNDS, profile)
    except (LinkError, Unsupported) as error:
        gaps[f"{error.family}: {error.message}"] += 1
        return ()
    found = violations(structure, model, profile)
    certain = tuple(v for v in found if v.certain)
    if found and not certain:
        gaps["the solver does not know"] += 1
    if structure.incomplete or any(n.leaf is not None and n.leaf.status is Status.CUT for n in structure.nodes):
        gaps[_CUT] += 1
    return certain


def _written(text: str, model: Model, profile: Profile) -> CounterExample:
    """The counter-example that a text is, read as anybody would read it. Raises InternalError where it is none."""
    test = load(Source("confinement.litmus", text), profile)
    assert isinstance(test, Test)  # a litmus text holds one
    found = tuple(v for v in violations(prepare(test).structure, model, profile) if v.certain)
    if not found:
        raise InternalError(f"what was found is not what was written:\n{text}")
    return CounterExample(text, found)
