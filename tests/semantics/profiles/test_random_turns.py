"""Cooperative threads on random programs: the solver against every order of slices, and broken twins of the latter."""

from __future__ import annotations

import random
from functools import cache
from typing import NamedTuple

from semantics.profiles.shared_everything import COOPERATIVE
from tests.semantics.profiles.running import outcomes
from tests.semantics.profiles.test_turns import UNSHARED, YIELD, turns

READY, SUSPENDED, DONE = "ready", "blocked", "done"
ANYBODY = -1
SWITCHES = ("suspend", "resume", "y-resume", "s-resume", "y-promote", "s-promote")


class Op(NamedTuple):
    """st a cell a value, ld a cell into a register, yield, yield until a cell is not 0, or a switch, which may name a
    thread."""

    kind: str
    place: int = 0
    value: int = 0


class Thread(NamedTuple):
    at: int
    does: str
    registers: tuple[int, int] = (0, 0)


class State(NamedTuple):
    threads: tuple[Thread, ...]
    memory: tuple[int, int] = (0, 0)
    turn: int = 0


class Reference(NamedTuple):
    """How threads take turns; other values are broken twins. `anywhere`: they change between any two operations;
    `handed`: the turn goes to who is named; `asleep`: who was made so is suspended."""

    anywhere: bool = False
    handed: bool = True
    asleep: bool = True

    def ends(self, made: Made) -> set[object]:
        """What threads do in the end, and their registers, or "trap". The first thread makes the others, before all."""
        codes, asleep = made
        found: set[object] = set()
        states = (SUSPENDED if self.asleep and i in asleep else READY for i in range(len(codes)))
        start = State(tuple(Thread(0, does) for does in states))
        todo, seen = [start], {start}
        while todo:
            state = todo.pop()
            able = [i for i, t in enumerate(state.threads) if t.does == READY and state.turn in (i, ANYBODY)]
            if not able:
                found.add(tuple(self.end(i, t, asleep) for i, t in enumerate(state.threads)))
            for i in able:
                after = self.slice(state, i, codes[i])
                if after is None:
                    found.add("trap")
                elif after not in seen:
                    seen.add(after)
                    todo.append(after)
        return found

    def end(self, me: int, thread: Thread, asleep: frozenset[int]) -> tuple[object, ...]:
        """A thread that was never resumed has no registers."""
        never = self.asleep and me in asleep and thread.at == 0 and thread.does == SUSPENDED
        return (thread.does, None, None) if never else (thread.does, *thread.registers)

    def slice(self, state: State, me: int, code: tuple[Op, ...]) -> State | None:
        """Thread `me` runs until it switches or ends; None where it traps."""
        at, registers = state.threads[me].at, list(state.threads[me].registers)
        does, memory, turn = [t.does for t in state.threads], list(state.memory), ANYBODY
        switched = False
        while at < len(code) and not switched:
            kind, place, value = code[at]
            at += kind != "poll" or memory[place] != 0
            if kind == "st":
                memory[place] = value
            elif kind == "ld":
                registers[value] = memory[place]
            elif kind.endswith("resume"):
                if place == me or does[place] != SUSPENDED:
                    return None
                does[place] = READY
            elif kind.endswith("promote") and (place == me or does[place] == DONE):
                return None
            if kind in ("suspend", "s-resume", "s-promote"):
                does[me] = SUSPENDED
            if "-" in kind and does[place] == READY and self.handed:
                turn = place
            polled = kind == "poll" and memory[place] != 0
            switched = self.anywhere or not (polled or kind in ("st", "ld", "resume"))
        if not switched:
            does[me] = DONE
        threads = [
            Thread(at, do, (registers[0], registers[1])) if i == me else old._replace(does=do)
            for i, (old, do) in enumerate(zip(state.threads, does, strict=True))
        ]
        return State(tuple(threads), (memory[0], memory[1]), turn)


def _code(chance: random.Random, me: int, threads: int, switches: bool) -> list[Op]:
    others = [i for i in range(threads) if i != me or chance.random() < 0.05]

    def op() -> Op:
        if switches and chance.random() < 0.25:
            return Op(chance.choices(SWITCHES, (2, 1, 1, 1, 3, 2))[0], chance.choice(others))
        # where turns are handed on, a loop that yields is cut at the bound
        kind = chance.choices(("st", "ld", "yield", "poll"), (2, 3, 3, 0 if switches else 2))[0]
        place = int(chance.random() < 0.1)
        return Op(kind, place, chance.randint(0, 1) if kind == "ld" else 1 + me + threads * chance.randint(0, 1))

    return [op() for _ in range(chance.randint(2, 4))]


def _text(code: tuple[Op, ...]) -> str:
    words = {
        "st": "(i32.store (i32.const {0}) (i32.const {1}))",
        "ld": "(local.set $r{1} (i32.load (i32.const {0})))",
        "yield": YIELD,
        "poll": f"(loop $l (if (i32.eqz (i32.load (i32.const {{0}}))) (then {YIELD} (br $l))))",
        "suspend": "(drop (call $suspend))",
        "resume": "(call $resume (i32.const {2}))",
    }
    then = "(drop (call ${3} (i32.const {2})))"
    return " ".join(words.get(op.kind, then).format(4 * op.place, op.value, op.place, op.kind) for op in code)


TWINS = Reference(handed=False), Reference(asleep=False)
"""Broken: a turn that anybody takes; new threads that run at once."""


class Made(NamedTuple):
    """The codes of the threads, and who sleeps at first."""

    codes: tuple[tuple[Op, ...], ...]
    asleep: frozenset[int]


def _random(seed: int, switches: bool) -> Made:
    chance = random.Random(seed)
    count = 3 if switches else 2 + seed % 2
    codes = tuple(tuple(_code(chance, me, count, switches)) for me in range(count))
    return Made(codes, frozenset(i for i in range(1, count) if switches and chance.random() < 0.2))


@cache
def _programs(switches: bool) -> tuple[Made, ...]:
    """Some that may end in several ways, some that a broken twin takes for others, and any."""
    many = [_random(seed, switches) for seed in range(200)]
    free = [made for made in many if len(Reference().ends(made)) > 1]
    telling = [m for t in TWINS if switches for m in [x for x in many if t.ends(x) != Reference().ends(x)][:3]]
    return tuple(dict.fromkeys((*free[:6], *telling, *many[:6])))


@cache
def _by_solver(program: Made) -> frozenset[object]:
    codes, asleep = program
    names = [f"t{i}" for i in range(1, len(codes))]
    head = "(local $r0 i32) (local $r1 i32)"
    functions = [f"(func ${n} (param i32) {head} {_text(c)})" for n, c in zip(names, codes[1:], strict=True)]
    made = [
        f"(drop (call $new (i32.const {i}) (i32.const 0)))"
        if i in asleep
        else f"(drop (call $spawn (ref.func $t{i}) (i32.const 0)))"
        for i in range(1, len(codes))
    ]
    table = f"(table {len(codes)} funcref) (elem (i32.const 1) func {' '.join(f'${n}' for n in names)})"
    first = f'(func (export "main") {head} {" ".join(made)} {_text(codes[0])})'
    whole = turns(
        UNSHARED,
        table,
        "(func $f (param i32))",
        *functions,
        first,
        handing=any(op.kind in SWITCHES for c in codes for op in c),
    )
    show = tuple(x for t in ("T0", *names) for x in (t, f"{t}.r0", f"{t}.r1"))
    found: set[object] = set()
    for values in outcomes(COOPERATIVE, whole, show):
        rows = tuple(zip(values[::3], values[1::3], values[2::3], strict=True))
        found.add("trap" if any(row[0] == "trap" for row in rows) else rows)
    return frozenset(found)


def _disagreements(reference: Reference, switches: bool = True) -> int:
    return sum(_by_solver(made) != reference.ends(made) for made in _programs(switches))


def test_turns_are_interleavings_of_slices() -> None:
    assert _disagreements(Reference(), switches=False) == 0
    assert _disagreements(Reference()) == 0


def test_broken_turns_are_noticed() -> None:
    assert _disagreements(Reference(anywhere=True), switches=False) > 0
    assert all(_disagreements(twin) > 0 for twin in TWINS)


def test_the_programs_are_not_poor() -> None:
    """They trap, are blocked and come to an end."""
    ends = [Reference().ends(made) for made in _programs(True)]
    assert any("trap" in found for found in ends)
    assert any(row[0] == SUSPENDED for found in ends for end in found if end != "trap" for row in end)  # type: ignore[attr-defined]
    assert all(any(op.kind == k for made in _programs(True) for c in made.codes for op in c) for k in SWITCHES)
