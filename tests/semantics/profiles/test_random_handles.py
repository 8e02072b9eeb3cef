"""Random programs with handles: the solver against enumeration under the referee, and against all interleavings.

The interleavings are those of the programs as lists of operations: they share no rule with the unfolding.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import NamedTuple

import pytest

from semantics.exploration import handles
from semantics.profiles.handle import HANDLE
from semantics.runtime.profile import Profile
from tests.semantics.profiles.worked import MEM, brute_outcomes, outcomes

SEEDS = range(14)  # enumeration takes seconds for some of the later ones
UNORD = replace(HANDLE, handle_order="unord")
SC = replace(HANDLE, model="sc")


class Op(NamedTuple):
    """An operation: its name, the register and the number that it takes."""

    name: str
    register: str = ""
    number: int = 0
    atomic: str = ""


WORDS = {
    "load": "(local.set ${1} (i32{3}.load (i32.const {2})))",
    "store": "(i32{3}.store (i32.const {2}) (i32.const 1))",
    "trap": "unreachable",
    "wait": "(local.set ${1} (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const {2})))",
    "poll": "(local.set ${1} (thread.poll_cancel))",
    "cancel": "(thread.cancel (local.get 0))",
    "join": "(thread.join (local.get 0))",
    "await": "(local.set ${1} (thread.await (local.get 0) (i64.const {2})))",
}


def operations(seed: int) -> tuple[list[Op], list[Op]]:
    """The thread f does a few accesses, then may wait or trap. The main thread may cancel it, then awaits or joins it;
    it looks at the memory before and after."""
    choose = random.Random(seed)

    def access(register: str) -> Op:
        return Op(choose.choice(("load", "store")), register, choose.choice((0, 4)), choose.choice(("", ".atomic")))

    f = [access("a") for _ in range(choose.randint(0, 2))]
    last = choose.choice(
        (None, Op("trap"), Op("wait", "p", -1), Op("wait", "p", -1), Op("wait", "p", 0), Op("poll", "p"))
    )
    main = [access("r")] * choose.randint(0, 1) + [Op("cancel")] * choose.randint(0, 1)
    main.append(choose.choice((Op("join"), Op("await", "w", -1), Op("await", "w", 0))))
    return f + [last] * (last is not None), [*main, access("r")]  # type: ignore[list-item]


def program(seed: int) -> tuple[str, ...]:
    """As text."""
    f, main = (" ".join(WORDS[op.name].format(*op) for op in ops) for ops in operations(seed))
    return (
        MEM,
        f"(func $f shared (local $a i32) (local $p i32) {f})",
        '(func (export "T0") (local (shared threadref)) (local $r i32) (local $w i32) (local.set 0 (fork_h $f))',
        f"{main})",
    )


class State(NamedTuple):
    """A point of an interleaving. `ends`: how f and the main thread ended, "run" before; `st` is the handle's state."""

    at: tuple[int, int] = (0, 0)
    ends: tuple[str, str] = ("run", "run")
    suspended: bool = False
    dying: str = ""
    memory: tuple[int, int] = (0, 0)
    st: str = "run"
    cn: int = 0
    registers: tuple[tuple[str, int], ...] = (("a", 0), ("p", 0), ("r", 0), ("w", 0))

    def set(self, register: str, value: int) -> State:
        return self._replace(registers=tuple((n, value if n == register else v) for n, v in self.registers))


CODES = {"done": 0, "trap": 1, "cancelled": 3}


def steps(state: State, who: int, ops: list[Op]) -> list[State]:
    """What one thread (0: f, 1: main) may do next."""
    if state.ends[who] != "run":
        return []
    pc = state.at[who]

    def ended(how: str) -> State:
        return state._replace(
            ends=tuple(how if i == who else e for i, e in enumerate(state.ends)),  # type: ignore[arg-type]
            st=how if who == 0 else state.st,
        )

    if who == 0 and state.dying:
        return [ended(state.dying)]
    going = state._replace(at=tuple(pc + 1 if i == who else p for i, p in enumerate(state.at)))  # type: ignore[arg-type]
    if pc == len(ops):
        return [ended("done")]
    op = ops[pc]
    cell = op.number // 4
    match op.name:
        case "load":
            return [going.set(op.register, state.memory[cell])]
        case "store":
            return [going._replace(memory=tuple(1 if i == cell else v for i, v in enumerate(state.memory)))]  # type: ignore[arg-type]
        case "trap":
            return [ended("trap")]
        case "poll":
            return [going.set(op.register, state.cn)]
        case "wait" if not state.suspended:
            return [going.set(op.register, 1)] if state.memory[0] else [state._replace(suspended=True)]
        case "wait":
            late = [going.set(op.register, 2)._replace(suspended=False)] if op.number >= 0 else []
            return late + [state._replace(dying="cancelled")] * state.cn
        case "cancel":
            return [going._replace(cn=1)]
        case "join":
            return [] if state.st == "run" else [going] if state.st == "done" else [ended("trap")]
    late = [going.set(op.register, 2)] if op.number >= 0 else []
    return late + ([going.set(op.register, CODES[state.st])] if state.st != "run" else [])


def interleavings(seed: int) -> set[str]:
    """All outcomes of the program under sequential consistency, written as `outcomes` writes them."""
    f, main = operations(seed)
    todo, seen, found = [State()], set(), set()
    while todo:
        state = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        after = [*steps(state, 0, f), *steps(state, 1, main)]
        todo += after
        if not after:
            ends = {who: "blocked" if end == "run" else end for who, end in zip("fm", state.ends, strict=True)}
            values = dict(state.registers)
            found.add(" ".join(f"{n}={values[n]}" for n in ("r", "w", "a", "p")) + f" T0={ends['m']} f={ends['f']}")
    return found


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("profile", [HANDLE, UNORD], ids=("seqcst", "unord"))
def test_the_solver_agrees_with_enumeration(seed: int, profile: Profile) -> None:
    fields = program(seed)
    assert outcomes(profile, *fields) == brute_outcomes(profile, *fields)


@pytest.mark.parametrize("seed", range(80))
def test_the_unfolding_agrees_with_interleavings(seed: int) -> None:
    """Under the model sc; what blocks, what is cancelled and what a wait returns included."""
    assert outcomes(SC, *program(seed)) == interleavings(seed)


def test_a_twin_without_order_is_caught() -> None:
    """Some of the programs tell whether ends and joins synchronise; none has fewer outcomes without."""
    pairs = [(outcomes(HANDLE, *program(seed)), outcomes(UNORD, *program(seed))) for seed in SEEDS]
    assert all(ordered <= loose for ordered, loose in pairs)
    assert sum(ordered < loose for ordered, loose in pairs) >= 2


def test_the_programs_show_every_end() -> None:
    """Blocked, cancelled, trapped and done threads, timeouts and statuses: the comparison has something to compare."""
    found = set().union(*(interleavings(seed) for seed in range(80)))
    for word in (
        "f=blocked",
        "f=cancelled",
        "f=trap",
        "f=done",
        "T0=blocked",
        "T0=trap",
        "w=1",
        "w=2",
        "w=3",
        "p=1",
        "p=2",
    ):
        assert any(word in outcome for outcome in found), word


def test_a_twin_that_forgets_requests_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that are blocked for ever although somebody asked them to end."""
    monkeypatch.setattr(handles, "never_asked", lambda unfolding, path: ((), ()))
    assert any(outcomes(SC, *program(seed)) > interleavings(seed) for seed in range(80))
