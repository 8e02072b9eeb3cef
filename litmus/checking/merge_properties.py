"""The properties of merging (systems.md B.8), decided on a given pair: MG-static, MG-single, MG-spawn.

The last two say that no closing context can tell the merged module from the linked pair. Not all contexts can be tried:
what holds, holds on those that were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from litmus.checking.check import ask, gaps_of
from litmus.checking.closing import Closing, Context, Contexts
from litmus.checking.limits import UNLIMITED, Limits
from litmus.checking.observing import observing
from semantics.axioms.model import Model
from semantics.diagnostics import InternalError, Invalid, LinkError, NotExpressible, StuckConfiguration, Unsupported
from semantics.execution.outcomes import And, Equals, HasStatus, Outcome
from semantics.execution.structure import EventStructure, Leaf, PathNode
from semantics.exploration import explore
from semantics.exploration.program import Bounds
from semantics.merging import Merged
from semantics.profiles.fork import FORK
from semantics.runtime.profile import Profile
from semantics.solver import Problem, Reachable, Unknown
from semantics.syntax.modules import Module
from semantics.syntax.types import NumType
from semantics.terms import Term
from semantics.validation import PAPER, Discipline, validate

MOST_CONTEXTS = 24
"""So many contexts are tried for each property, unless somebody asks for more or fewer."""
MOST_OUTCOMES = 20_000
"""Sets of outcomes that are larger are not compared."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A context that tells the two apart: the outcomes that only one of the two has, and how many there are."""

    context: str
    linked: tuple[Outcome, ...]
    merged: tuple[Outcome, ...]
    linked_only: tuple[Outcome, ...]
    merged_only: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Property:
    """What came of a property: `holds` is None where it is undecided, and `why` then says why, or why it fails.

    `tried`: the contexts on which it was decided, in words; `untried`: how many more there are of such a size.
    """

    name: str
    holds: bool | None
    why: str = ""
    difference: Difference | None = None
    tried: tuple[str, ...] = ()
    untried: int = 0


@dataclass(frozen=True)
class Pair:
    """A merged pair, and what to judge it by: a design (`profile` for the machine, `discipline` for typing), a memory
    model, limits, and how many contexts each property may cost."""

    modules: tuple[Module, Module]
    merged: Merged
    model: Model
    profile: Profile = FORK
    discipline: Discipline = PAPER
    names: tuple[str, str] = ("first", "second")
    limits: Limits = UNLIMITED
    contexts: int = MOST_CONTEXTS

    @cached_property
    def closing(self) -> Closing:
        """The hosts."""
        return Closing(self.modules, self.merged, self.discipline, self.names, self.profile.host)

    @cached_property
    def sequences(self) -> tuple[tuple[_Trial, ...], int]:
        """Contexts that start no thread themselves, explored, and how many more there are."""
        return self.explored(self.closing.single(self.contexts))

    def explored(self, contexts: Contexts) -> tuple[tuple[_Trial, ...], int]:
        """Both programs of each context, unfolded, and how many contexts there are besides."""
        return tuple(_trial(self, c) for c in contexts.chosen), contexts.total - len(contexts.chosen)


@dataclass(frozen=True, slots=True)
class _Trial:
    """A context, and both its programs unfolded; `failed` says why that could not be done."""

    context: str
    structures: tuple[EventStructure, EventStructure] | None
    failed: str = ""

    @property
    def spawns(self) -> bool:
        """Whether somebody starts a thread."""
        return self.structures is not None and any(_spawned(s) for s in self.structures)


def properties(pair: Pair) -> tuple[Property, Property, Property]:
    """All three."""
    return mg_static(pair), mg_single(pair), mg_spawn(pair)


def mg_static(pair: Pair) -> Property:
    """valid(M1), valid(M2), step 1 => valid(merge). Step 1 held when the pair was merged.

    Raises Invalid where a module of the pair is not valid itself.
    """
    for module in pair.modules:
        validate(module, pair.discipline)
    try:
        validate(pair.merged.module, pair.discipline)
    except (Invalid, NotExpressible) as error:
        rule = f" (rule {error.rule})" if isinstance(error, Invalid) else ""
        return Property("MG-static", False, f"the merged module is invalid: {error.message}{rule}")
    return Property("MG-static", True)


def mg_single(pair: Pair) -> Property:
    """outcomes(K[link M1 M2]) = outcomes(K[merge]) for contexts K in which nobody starts a thread."""
    if refused := _refused(pair):
        return Property("MG-single", None, refused)
    trials, untried = pair.sequences
    alone = [t for t in trials if not t.spawns]
    none = "every context that was tried starts a thread" if trials else "no function is exported"
    return _decide(pair, "MG-single", alone, untried, none)


def mg_spawn(pair: Pair) -> Property:
    """The same for contexts that start threads, by themselves or because the modules do."""
    if refused := _refused(pair):
        return Property("MG-spawn", None, refused)
    sequences, _ = pair.sequences
    parallel, untried = pair.explored(pair.closing.parallel(pair.contexts))
    forking = [t for t in sequences if t.spawns]
    none = "no exported function is shared, so that none may run on another thread, and the modules start none"
    return _decide(pair, "MG-spawn", [*forking, *parallel], untried, none)


def _refused(pair: Pair) -> str:
    """Why there are no contexts to try."""
    if pair.closing.open:
        return f"not closed: {pair.closing.open}"
    try:
        validate(pair.merged.module, pair.discipline)
    except (Invalid, NotExpressible) as error:
        return f"the merged module is invalid: {error.message}"
    return ""


# --- one context ----------------------------------------------------------------------------------
def _trial(pair: Pair, context: Context) -> _Trial:
    text = pair.closing.described(context)
    bounds = Bounds() if pair.limits.loop is None else Bounds(loop=pair.limits.loop)
    try:
        linked, merged = (
            _comparable(explore(pair.closing.program(context, merged=m), bounds, pair.profile)) for m in (False, True)
        )
    except (LinkError, Unsupported, StuckConfiguration) as error:
        return _Trial(text, None, f"{error.family}: {error.message}")
    return _Trial(text, (linked, merged))


def _comparable(structure: EventStructure) -> EventStructure:
    """A structure that shows results of calls, named locals of threads that the modules start, and final cells.

    References are not compared: their addresses are those of one store. Nor are locals of functions that the host
    calls (their registers have a dot, see `Closing`).
    """
    types = {t.name: t.register_types for t in structure.threads}

    def choose(thread: str, _node: PathNode, leaf: Leaf) -> dict[str, Term]:
        shown = {r: v for r, v in leaf.registers.items() if isinstance(types[thread].get(r), NumType)}
        return shown if thread == "" else {r: v for r, v in shown.items() if "." not in r}

    return observing(structure, choose)


def _spawned(structure: EventStructure) -> bool:
    return any(t.spawn is not None for t in structure.threads)


def _decide(pair: Pair, name: str, trials: Sequence[_Trial], untried: int, none: str) -> Property:
    """Compares the outcomes of every trial; the first difference ends it."""
    if not trials:
        return Property(name, None, none, untried=untried)
    tried: list[str] = []
    doubts: dict[str, str] = {}
    for trial in trials:
        if trial.structures is None:
            doubts.setdefault(trial.failed, trial.context)
            continue
        found = _compare(pair, trial.context, *trial.structures)
        if isinstance(found, Difference):
            return Property(name, False, "", found, (*tried, trial.context), untried)
        if found:
            doubts.setdefault(found, trial.context)
        else:
            tried.append(trial.context)
    if doubts:
        why = "; ".join(f"{reason} (in {context})" for reason, context in doubts.items())
        return Property(name, None, why, None, tuple(tried), untried)
    return Property(name, True, "", None, tuple(tried), untried)


def _compare(pair: Pair, context: str, linked: EventStructure, merged: EventStructure) -> Difference | str:
    """The difference of two sets of outcomes; or why it is not known, "" where there is none."""
    problems = [Problem(s, pair.model, time_limit=pair.limits.seconds) for s in (linked, merged)]
    found = [p.outcomes() for p in problems]
    gaps = [(*gaps_of(p), *f.reasons) for p, f in zip(problems, found, strict=True)]
    if any(f.count() > MOST_OUTCOMES for f in found):
        return f"more than {MOST_OUTCOMES} outcomes"
    one, other = (frozenset(f) for f in found)
    left, right = _sorted(one - other), _sorted(other - one)
    # An outcome that is missing counts only where the set that misses it is complete.
    if (left and not gaps[1]) or (right and not gaps[0]):
        for problem, outcomes, there in ((problems[0], left, gaps[1]), (problems[1], right, gaps[0])):
            if outcomes and not there and (doubt := unvouched(problem, outcomes[0])):
                return doubt
        return Difference(context, _sorted(one), _sorted(other), left, right)
    return "; ".join(dict.fromkeys((*gaps[0], *gaps[1])))


def unvouched(problem: Problem, outcome: Outcome) -> str:
    """Has a witness of the outcome accepted by the referee; "", or why there is none."""
    values = (Equals(o, v) for o, v in outcome.values)
    statuses = (HasStatus(t, s) for t, s in outcome.statuses)
    match ask(problem, And((*values, *statuses))):
        case Reachable():
            return ""
        case Unknown(reason):
            return reason
    raise InternalError("an outcome that was found is not found again")


def _sorted(outcomes: frozenset[Outcome]) -> tuple[Outcome, ...]:
    return tuple(sorted(outcomes, key=lambda o: (o.values, [(t, s.value) for t, s in o.statuses])))
