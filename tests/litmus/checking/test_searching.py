"""The search for counter-examples to confinement: it finds what there is, and nothing where a design promises it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice, pairwise, product

import pytest

from litmus.checking.assembly import Assembly, Bodies
from litmus.checking.check import prepare
from litmus.checking.generating import Generator
from litmus.checking.grammar import MAIN, PLAIN, SPAWNED, Statement, Vocabulary, vocabularies
from litmus.checking.searching import BOUNDS, Count, Search, search
from litmus.cli import main
from litmus.cli.status import FAILED, OK, UNDECIDED
from litmus.language import Test, load
from semantics.diagnostics import Invalid, Source
from semantics.execution.structure import MADE, EventStructure, Leaf
from semantics.exploration import explore
from semantics.profiles import PROFILES, create_module
from semantics.profiles.create_module import CREATE_MODULE
from semantics.profiles.fork import FORK
from semantics.profiles.handle import HANDLE
from semantics.profiles.wasi import WASI
from semantics.runtime.profile import Profile
from semantics.runtime.store import Store
from semantics.syntax.types import FuncType, GlobalType, RefType
from semantics.validation import declarations, validate
from semantics.validation.context import Spaces, project
from semantics.validation.operands import Operands, Slot

PROMISING = [p for p in PROFILES.values() if p.own != "nobody"]
OTHERS = [p for p in PROFILES.values() if p.own == "nobody"]
QUICK = 25
"""So many programs of a design are explored in the tests that everybody runs."""


def names(ids: list[Profile]) -> list[str]:
    return [p.name for p in ids]


# --- what the search finds -------------------------------------------------------------------------
@pytest.mark.parametrize("profile", PROMISING, ids=names(PROMISING))
def test_promises_hold(profile: Profile) -> None:
    found = search(profile, 2, QUICK)
    assert found.promised and found.found is None and not found.gaps
    assert sum(c.explored for c in found.counts) == min(QUICK, sum(c.well_typed for c in found.counts)) > 0


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROMISING, ids=names(PROMISING))
def test_promises_hold_for_all_programs_of_a_size(profile: Profile) -> None:
    found = search(profile, 2)
    assert found.holds and all(c.explored == c.well_typed for c in found.counts)


@pytest.mark.slow
@pytest.mark.parametrize("profile", [FORK, HANDLE, PROFILES["web"]], ids=lambda p: p.name)
def test_promises_hold_for_larger_programs(profile: Profile) -> None:
    assert search(profile, 3).holds


KNOWN = {
    "create-unchecked": (
        "gl",
        {"T0", "own"},
        1,
    ),  # a local global of the module, by `thread.create` of a local function
    "embed-create-unchecked": ("gl", {"T0", "own"}, 1),
    "wasi": ("gn", {"T0", "s"}, 2),  # a local global of another instance, which all threads' instances import
    "wasi-relink": ("mn", {"T0", "s"}, 2),  # memories alone are the same
    "wavm": ("tl", {"T0", "s"}, 2),  # a table: contexts have globals of their own only
    "embed-wavm-clone": ("tl", {"T0", "s"}, 2),
}


@pytest.mark.parametrize("profile", OTHERS, ids=names(OTHERS))
def test_known_violations_are_found(profile: Profile) -> None:
    found = search(profile, 2)
    assert found.holds is False and not found.promised and found.found is not None
    name, threads, size = KNOWN.get(profile.name) or KNOWN[profile.name.partition("-")[0]]
    assert len(found.counts) == size
    [violation] = found.found.violations
    assert violation.certain and violation.name == name and set(violation.threads) == threads
    assert f"profile {profile.name}" in found.found.text


# --- twins that it must catch ----------------------------------------------------------------------
def broken(monkeypatch: pytest.MonkeyPatch, space: str) -> None:
    """T29 with a projection that keeps the local entries of an index space."""

    def keeping(spaces: Spaces) -> Spaces:
        found = project(spaces)
        setattr(found, space, getattr(spaces, space))
        return found

    monkeypatch.setattr(declarations, "project", keeping)


@pytest.mark.parametrize("space", ["globals", "funcs", "tables", "mems", "elems"])
def test_a_broken_projection_is_found(monkeypatch: pytest.MonkeyPatch, space: str) -> None:
    broken(monkeypatch, space)
    found = search(FORK, 2)
    assert found.holds is False and found.promised and found.found is not None
    [violation] = found.found.violations
    assert set(violation.threads) == {"T0", "s"}


def test_references_that_convert_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Consequence (d) given up: a local reference goes where a shared one is wanted, and the thread calls it."""

    def alike(t: object) -> object:
        return (t.kind, t.of) if isinstance(t, RefType) else t

    def matches(self: Operands, wanted: Sequence[Slot]) -> bool:
        here = self.values[-len(wanted) :] if wanted else []
        return len(here) == len(wanted) and all(alike(a) == alike(b) for a, b in zip(here, wanted, strict=True))

    monkeypatch.setattr(Operands, "matches", matches)
    found = search(FORK, 2)
    assert found.found is not None
    assert "(spawn $s (ref.func $own)" in found.found.text and "$calls (local.get $sf)" in found.found.text


def test_unchecked_externals_are_found() -> None:
    """create-module where `thread.create_mod` accepts local externals, and no trap stops them."""
    unchecked = replace(CREATE_MODULE, typing=replace(CREATE_MODULE.typing, entry="none"))
    found = search(unchecked, 1)
    assert found.found is not None and "(ref.global $gl)" in found.found.text


LET_THROUGH = {
    "functions": (FuncType, 1, "$spawn-func (call $code-calls) (ref.func $own)"),
    "globals": (GlobalType, 2, "$spawn-extern (call $code-sets) (local.get $la)"),
}


@pytest.mark.parametrize(("kind", "size", "text"), LET_THROUGH.values(), ids=LET_THROUGH)
def test_a_dynamic_check_that_lets_local_externals_through_is_found(
    monkeypatch: pytest.MonkeyPatch, kind: type, size: int, text: str
) -> None:
    """embed-create-module, where `spawn_module` hands on local definitions of a kind."""
    checked = create_module._local

    def local(store: Store, address: int) -> bool:
        return checked(store, address) and not isinstance(store.type(address), kind)

    monkeypatch.setattr(create_module, "_local", local)
    found = search(PROFILES["embed-create-module"], size)
    assert found.holds is False and found.promised and found.found is not None
    assert len(found.counts) == size and text in found.found.text


def test_a_local_external_traps_in_the_caller() -> None:
    """So the search gets to the check, for externals of either kind."""
    profile = PROFILES["embed-create-module"]
    assembly = Assembly(Vocabulary(profile))
    said = [s.text for s in assembly.words.statements]
    fresh = next(t for t in said if t.startswith("(call $make"))
    for external, status in (("(local.get $la)", "trap"), ("(local.get $sa)", "done")):
        [spawn] = (
            n
            for n in assembly.well_typed[MAIN]
            if said[n].startswith("(drop (call $spawn-")
            and "$code-sets" in said[n]
            and said[n].endswith(external + "))")
            and ("$code-sets-shared" in said[n]) == (external == "(local.get $sa)")
        )
        module = assembly.module({MAIN: (said.index(fresh), spawn)})
        structure = explore(assembly.program(module), BOUNDS, profile)
        ends = {n.leaf.status.value for n in structure.nodes if n.leaf is not None and n.thread == 0}
        assert ends == {status}
        assert len(structure.threads) == (2 if status == "done" else 1)


def test_what_a_rule_gives_up_a_trap_keeps() -> None:
    """create-module-dynamic: all of that is well typed, and nothing gets through."""
    unchecked, static = PROFILES["create-module-dynamic"], search(CREATE_MODULE, 1)
    found = search(unchecked, 1)
    assert found.holds and found.counts[0].explored > static.counts[0].explored


# --- what it searches ------------------------------------------------------------------------------
EVERY = [words for p in PROFILES.values() for words in vocabularies(p)]


@pytest.mark.parametrize("words", EVERY, ids=lambda w: f"{w.profile.name} {w.flag or ''}")
def test_the_definitions_are_valid(words: Vocabulary) -> None:
    """So that a program is refused for what it says."""
    assembly = Assembly(words)
    validate(assembly.module({}), words.typing)
    assert all(len(code) == len(words.statements) for code in assembly.codes.values())
    assert len({s.text for s in words.statements}) == len(words.statements)


@pytest.mark.parametrize("profile", [FORK, PROFILES["fork-refs"], PROFILES["create"], HANDLE], ids=lambda p: p.name)
def test_a_program_is_well_typed_iff_its_statements_are(profile: Profile) -> None:
    assembly = Assembly(Vocabulary(profile))
    count = len(assembly.words.statements)
    rng = random.Random(1)
    seen = set()
    for _ in range(60):
        known = {f: sorted(assembly.well_typed[f]) for f in assembly.words.functions}
        bodies = {f: tuple(rng.choice(known[f]) for _ in range(rng.randrange(3))) for f in known}
        if rng.random() < 0.5:
            bodies[rng.choice((MAIN, SPAWNED, PLAIN))] = (rng.randrange(count),)
        expected = all(n in assembly.well_typed[f] for f, body in bodies.items() for n in body)
        seen.add(expected)
        if expected:
            validate(assembly.module(bodies), profile.typing)
        else:
            with pytest.raises(Invalid):
                validate(assembly.module(bodies), profile.typing)
    assert seen == {True, False}


def by_hand(generator: Generator, size: int) -> Iterator[Bodies]:
    """All programs of a size, well typed or not, by the definition."""
    words = generator.assembly.words
    statements = words.statements
    numbers = range(len(statements))
    for lengths in product(range(size + 1), repeat=len(words.functions)):
        if sum(lengths) != size:
            continue
        for bodies in product(*(product(numbers, repeat=n) for n in lengths)):
            program = dict(zip(words.functions, bodies, strict=True))
            said = {f: [statements[n] for n in body] for f, body in program.items()}
            edges = {(f, g) for f, code in said.items() for s in code for g in s.mentions}
            closed = edges
            for _ in words.functions:
                closed = closed | {(f, h) for f, g in closed for g2, h in edges if g == g2}
            if any(f == g for f, g in closed):
                continue
            if {MAIN} | {g for f, g in closed if f == MAIN} != {f for f, code in said.items() if code}:
                continue
            if not any(s.starts for code in said.values() for s in code):
                continue
            swapped = [
                pair
                for body in bodies
                for pair in pairwise(body)
                if pair[0] >= pair[1] and statements[pair[0]].swaps and statements[pair[1]].swaps
            ]
            if not swapped:
                yield program


SLOW = pytest.param(FORK, 3, marks=pytest.mark.slow)


class Few(Vocabulary):
    """Every eighth statement, and all that name an open function without more ado."""

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        every = super().statements
        return (*(s for s in every if s.starts and "ref.func $s" in s.text), *every[5::8])


@pytest.mark.parametrize(("profile", "size"), [(WASI, 1), (WASI, 2), (FORK, 1), (FORK, 2), SLOW])
def test_the_programs_of_a_size(profile: Profile, size: int) -> None:
    """Each once, and as many as counted."""
    generator = Generator(Assembly(Few(profile) if profile is FORK else Vocabulary(profile)))
    typed = generator.assembly.well_typed
    expected = list(by_hand(generator, size))
    assert generator.generated(size) == len(expected)
    good = [tuple(p.values()) for p in expected if all(set(body) <= typed[f] for f, body in p.items())]
    found = [tuple(p.values()) for p in generator.programs(size)]
    assert len(found) == len(set(found)) == generator.well_typed(size)
    assert set(found) == set(good)


def shape(structure: EventStructure) -> set[tuple[str, str, tuple[str, ...]]]:
    """How the paths of each thread end, and by which instructions they access local objects; a text does not make those
    that it does not mention."""

    def of(thread: int, leaf: Leaf) -> tuple[str, str, tuple[str, ...]]:
        touched = sorted(t.text for t in leaf.touched.values() if t.text != MADE)
        return structure.threads[thread].name, leaf.status.value, tuple(touched)

    return {of(n.thread, n.leaf) for n in structure.nodes if n.leaf is not None}


@pytest.mark.parametrize("words", EVERY, ids=lambda w: f"{w.profile.name} {w.flag or ''}")
def test_the_text_is_the_program(words: Vocabulary) -> None:
    """What is written, read as a main test, is what was explored."""
    generator = Generator(Assembly(words))
    every = [p for size in (1, 2) for p in islice(generator.programs(size), 400)]
    for bodies in random.Random(2).sample(every, min(4, len(every))):
        explored = explore(generator.assembly.program(generator.assembly.module(bodies)), BOUNDS, words.profile)
        text = generator.assembly.text(bodies)
        test = load(Source("t.litmus", text), words.profile)
        assert isinstance(test, Test)
        assert shape(prepare(test).structure) == shape(explored), text


# --- the command -----------------------------------------------------------------------------------
def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "confinement", "--profile", "create-unchecked"]) == OK
    out = capsys.readouterr().out
    assert "confinement is not promised" in out and "(spawn $own)" in out and "not confined: local gl" in out
    assert main(["search", "confinement", "--profile", "web", "--size", "2"]) == OK
    assert "all of them are confined" in capsys.readouterr().out
    assert main(["search", "confinement", "--profile", "web", "--limit", "3"]) == UNDECIDED
    assert "the limit left programs out" in capsys.readouterr().out


def test_the_command_when_a_promise_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(monkeypatch, "globals")
    assert main(["search", "confinement", "--profile", "fork", "--profile", "wasi"]) == FAILED
    assert "AGAINST THE PROMISE" in capsys.readouterr().out


ONE = (Count(1, 1, 1, 1),)


def test_a_search_that_left_something_out_does_not_claim() -> None:
    assert Search("p", "thread", ONE, 0, {"why": 1}, False, None).holds is None
    assert Search("p", "thread", ONE, 0, {}, True, None).holds is None
    assert Search("p", "thread", ONE, 0, {}, False, None).holds is True
    assert Search("p", "thread", (Count(1, 1, 0, 0),), 0, {}, False, None).holds is None
