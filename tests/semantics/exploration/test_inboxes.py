"""Messages from anybody: one inbox for an agent, in the order of the postings (systems.md B.1: W2, W3)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from semantics.axioms import load_model
from semantics.axioms.brute import outcomes_under
from semantics.axioms.referees import referee_for
from semantics.diagnostics import TextError
from semantics.exploration import explore, messages
from semantics.exploration.program import (
    ANYBODY,
    Bounds,
    Cell,
    Command,
    HostThread,
    Instantiate,
    Invoke,
    Post,
    Program,
    Receive,
    Spawn,
    Terminate,
)
from semantics.profiles.web import WEB
from semantics.solver import Problem
from semantics.syntax.types import F64, I32
from semantics.terms import Sym, Term, apply
from tests.semantics.exploration.programs import func, module
from tests.semantics.profiles.hosted import shown

CODE = module(
    '(memory (export "mem") 1 1 shared)',
    func("set", "(param i32) (i32.atomic.store (i32.const 0) (local.get 0))"),
    func("get", "(result i32) (i32.atomic.load (i32.const 0))"),
    func("write", "(param i32) (i32.store (i32.const 0) (local.get 0))"),
    func("read", "(result i32) (i32.load (i32.const 0))"),
    func("trap", "(unreachable)"),
    discipline=WEB.typing,
)
NAMES = ("main", "A", "B")


def post(to: str, *numbers: int | str) -> Post:
    return Post(to, tuple((I32, n) for n in numbers))


def receive(sender: str, *names: str) -> Receive:
    return Receive(sender, tuple((I32, n) for n in names))


def store(value: int, name: str = "set") -> Invoke:
    return Invoke("m", name, ((I32, value),))


def load(register: str, name: str = "get") -> Invoke:
    return Invoke("m", name, results=(register,))


TRAP = Invoke("m", "trap")


def ran(codes: tuple[tuple[Command, ...], ...], shows: tuple[str, ...], brute: bool = True) -> set[tuple[object, ...]]:
    """What the outcomes of the agents `main`, `A`, `B` show; checked against brute force."""
    main, *workers = codes
    spawned = tuple(Spawn(HostThread(name, code)) for name, code in zip("AB", workers, strict=False))
    host = HostThread("main", (Instantiate("m", CODE), *spawned, *main))
    structure = explore(Program("test", host, (Cell("x", "m", "mem"),), ("x",)), Bounds(), WEB)
    found = Problem(structure, load_model("wasm")).outcomes()
    assert found.complete
    if brute:
        referee = referee_for("wasm")
        assert referee is not None and set(found) == outcomes_under(structure, referee)
    return shown(set(found), *shows)


ANY_A, ANY_B = receive(ANYBODY, "a"), receive(ANYBODY, "b")


def test_the_messages_of_two_come_in_either_order() -> None:
    assert ran(((ANY_A, ANY_B), (post("main", 1),), (post("main", 2),)), ("main:a", "main:b")) == {(1, 2), (2, 1)}


def test_the_order_of_each_sender_stays() -> None:
    codes = ((ANY_A, ANY_B, receive(ANYBODY, "c")), (post("main", 1), post("main", 2)), (post("main", 3),))
    assert ran(codes, ("main:a", "main:b", "main:c"), brute=False) == {(1, 2, 3), (1, 3, 2), (3, 1, 2)}


def test_what_was_posted_because_of_a_message_comes_after_it() -> None:
    """A posts to main, then to B, who only then posts to main: no merge of two streams, an order of postings."""
    codes = ((ANY_A, ANY_B), (post("main", 1), post("B", 5)), (receive("A", "v"), post("main", 2)))
    assert ran(codes, ("main:a", "main:b")) == {(1, 2)}
    before = ((ANY_A, ANY_B), (post("B", 5), post("main", 1)), (receive("A", "v"), post("main", 2)))
    assert ran(before, ("main:a", "main:b")) == {(1, 2), (2, 1)}


def test_a_sender_is_ordered_before_who_receives_and_nobody_else() -> None:
    """A's plain write is seen by main once its message came; by B, who posts to the same inbox, perhaps."""
    sender, other = (store(7, "write"), post("main", 1)), (post("main", 2), load("s", "read"))
    found = ran(((ANY_A, load("r", "read"), ANY_B), sender, other), ("main:a", "main:r", "B:s"), brute=False)
    assert found == {(1, 7, 0), (1, 7, 7), (2, 0, 0), (2, 0, 7), (2, 7, 0), (2, 7, 7)}


def test_posting_to_one_inbox_is_no_synchronisation() -> None:
    """B posts after A did, and yet may read a stale value: no message goes from A to B."""
    codes = ((ANY_A, ANY_B), (store(7, "write"), post("main", 1)), (post("main", 2), load("s", "read")))
    assert {(1, 2, 0), (1, 2, 7)} <= ran(codes, ("main:a", "main:b", "B:s"), brute=False)


def test_ports_come_first() -> None:
    """A receiver that takes messages by name leaves the others to its inbox."""
    codes = ((receive("A", "p"), ANY_A, ANY_B), (post("main", 1), post("main", 2)), (post("main", 3),))
    assert ran(codes, ("main:p", "main:a", "main:b")) == {(1, 2, 3), (1, 3, 2)}
    with pytest.raises(TextError, match="main received from anybody before"):
        ran(((ANY_A, receive("A", "p")), (post("main", 1),)), ())


def test_nobody_posts_any_more() -> None:
    codes = ((ANY_A, ANY_B), (post("main", 1),), (TRAP, post("main", 2)))
    assert ran(codes, ("main", "main:a", "main:b", "B")) == {("blocked", 1, None, "trap")}
    assert ran(((ANY_A,), ()), ("main",)) == {("blocked",)}


def test_a_worker_that_may_be_terminated() -> None:
    codes = ((Terminate("A"), ANY_A, ANY_B), (post("main", 1),), (post("main", 2),))
    assert ran(codes, ("main:a", "main:b")) == {(1, 2), (2, 1), (2, None)}


def test_messages_that_differ() -> None:
    with pytest.raises(TextError, match="message 1 from B has 2 numbers"):
        ran(((ANY_A,), (post("main", 1),), (post("main", 2, 3),)), ())
    with pytest.raises(TextError, match=r"message 2 from A has 1 number \(f64\)"):
        ran(((ANY_A, ANY_B), (post("main", 1), Post("main", ((F64, 0),)))), ())


# --- the reference ---------------------------------------------------------------------------------
class State(NamedTuple):
    """All agents between two steps: how many commands each has done, registers, inboxes with senders, the cell."""

    done: tuple[int, ...] = (0, 0, 0)
    registers: frozenset[tuple[str, int]] = frozenset()
    inboxes: tuple[tuple[tuple[str, int], ...], ...] = ((), (), ())
    cell: int = 0


def steps(state: State, codes: tuple[tuple[Command, ...], ...]) -> Iterator[State]:
    """What may come next, one command of one agent; a message is appended to the inbox as it is posted."""
    for agent, (name, code) in enumerate(zip(NAMES, codes, strict=True)):
        if state.done[agent] == len(code):
            continue
        command = code[state.done[agent]]
        done = tuple(n + (i == agent) for i, n in enumerate(state.done))
        inboxes, cell, registers = list(state.inboxes), state.cell, dict(state.registers)
        match command:
            case Post(to, ((_, number),)):
                value = registers[f"{name}:{number}"] if isinstance(number, str) else number
                inboxes[NAMES.index(to)] += ((name, value),)
            case Receive(sender, ((_, register),)):
                found = next((m for m in inboxes[agent] if sender in (ANYBODY, m[0])), None)
                if found is None:
                    continue
                inboxes[agent] = tuple(m for m in inboxes[agent] if m is not found)
                registers[f"{name}:{register}"] = found[1]
            case Invoke(_, "set", ((_, int(value)),)):
                cell = value
            case Invoke(_, "get", _, (register,)):
                registers[f"{name}:{register}"] = cell
        yield State(done, frozenset(registers.items()), tuple(inboxes), cell)


def reference(codes: tuple[tuple[Command, ...], ...], shows: tuple[str, ...]) -> set[tuple[object, ...]]:
    """What the interleavings show."""
    todo, seen, found = [State()], {State()}, set()
    while todo:
        state = todo.pop()
        following = set(steps(state, codes))
        todo += following - seen
        seen |= following
        if not following:
            ended = {n: "done" if state.done[i] == len(codes[i]) else "blocked" for i, n in enumerate(NAMES)}
            values = {**ended, **dict(state.registers), "x": state.cell}
            found.add(tuple(values.get(s) for s in shows))
    return found


def scripts(rng: random.Random) -> tuple[tuple[Command, ...], ...]:
    """Two senders, which also access the cell and may wait for each other; main receives, and reads the cell."""
    codes = []
    for name, other in (("A", "B"), ("B", "A")):
        code: list[Command] = [post("main", 10 * NAMES.index(name) + n) for n in range(rng.randint(1, 2))]
        extra = rng.choice((store(NAMES.index(name)), load("r"), post(other, 5), receive(other, "v")))
        code.insert(rng.randrange(len(code) + 1), extra)
        codes.append(tuple(code))
    count = sum(isinstance(c, Post) and c.thread == "main" for code in codes for c in code)
    named = [receive(rng.choice("AB"), "p")] if rng.random() < 0.3 else []
    taken = [receive(ANYBODY, f"a{n}") for n in range(rng.randint(1, count))]
    return ((*named, *taken, load("r")), *codes)


SHOWS = (*NAMES, "main:p", *(f"main:a{n}" for n in range(4)), "main:r", "A:r", "A:v", "B:r", "B:v", "x")


def agree(codes: tuple[tuple[Command, ...], ...]) -> bool:
    return ran(codes, SHOWS, brute=False) == reference(codes, SHOWS)


def test_random_scripts() -> None:
    """All accesses are seqcst, so that outcomes are those of interleavings."""
    rng = random.Random(3)
    assert all(agree(scripts(rng)) for _ in range(40))


def unordered(sender: str, flags: dict[str, Sym]) -> tuple[Term, ...]:
    """The message has come: any merge of the streams."""
    return (apply("eq", 1, flags[sender], 1, arg_width=messages.FLAG_BITS),)


def present(sender: str, flags: dict[str, Sym]) -> tuple[Term, ...]:
    """All have a message: what comes is chosen when the last one came."""
    return tuple(apply("eq", 1, flag, 1, arg_width=messages.FLAG_BITS) for flag in flags.values())


@pytest.mark.parametrize("twin", [unordered, present])
def test_twins_that_forget_the_order_or_wait_are_found(monkeypatch: pytest.MonkeyPatch, twin: object) -> None:
    monkeypatch.setattr(messages, "_first", twin)
    rng = random.Random(3)
    assert not all(agree(scripts(rng)) for _ in range(40))
