"""Messages between host threads, and their termination (systems.md B.1: W2, W3, W5)."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from semantics.axioms import load_model
from semantics.axioms.brute import outcomes_under
from semantics.axioms.referees import referee_for
from semantics.diagnostics import TextError
from semantics.execution.outcomes import Outcome
from semantics.execution.structure import Origin, Status
from semantics.exploration import explore
from semantics.exploration.linking import Slot
from semantics.exploration.messages import Messages
from semantics.exploration.program import (
    Bounds,
    Cell,
    Command,
    HostThread,
    Instantiate,
    Invoke,
    Post,
    Program,
    Receive,
    Sent,
    Spawn,
    Terminate,
)
from semantics.exploration.unfold import Unfolding
from semantics.profiles.web import WEB
from semantics.runtime.profile import Profile
from semantics.solver import Problem
from semantics.syntax.types import I32
from semantics.terms import Sym
from tests.semantics.exploration.programs import func, module
from tests.semantics.profiles.hosted import shown

CODE = module(
    '(memory (export "mem") 1 1 shared)',
    func("set", "(param i32) (i32.store (i32.const 0) (local.get 0))"),
    func("get", "(result i32) (i32.load (i32.const 0))"),
    func("wait", "(drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1)))"),
    func("trap", "(unreachable)"),
    discipline=WEB.typing,
)
X = Cell("x", "m", "mem")


def post(to: str, *numbers: int | str, objects: frozenset[Sent] = frozenset()) -> Post:
    return Post(to, tuple((I32, n) for n in numbers), objects)


def receive(sender: str, *names: str) -> Receive:
    return Receive(sender, tuple((I32, n) for n in names))


def set_x(value: int | str) -> Invoke:
    return Invoke("m", "set", ((I32, value),))


def get_x(name: str) -> Invoke:
    return Invoke("m", "get", results=(name,))


def ran(
    main: tuple[Command, ...], *workers: tuple[Command, ...], model: str = "wasm", profile: Profile = WEB
) -> set[Outcome]:
    """The outcomes of agents `main`, `A`, `B`; checked against brute force."""
    spawned = tuple(Spawn(HostThread(name, code)) for name, code in zip("AB", workers, strict=False))
    host = HostThread("main", (Instantiate("m", CODE), *spawned, *main))
    structure = explore(Program("test", host, (X,), ("x",)), Bounds(), profile)
    found = Problem(structure, load_model(model)).outcomes()
    referee = referee_for(model)
    assert referee is not None and found.complete
    assert set(found) == outcomes_under(structure, referee)
    return set(found)


def test_a_message_carries_numbers_and_order() -> None:
    """Message passing: the plain write is seen; the number is what the sender computed."""
    found = ran((set_x(7), get_x("v"), post("A", "v", 3)), (receive("main", "a", "b"), get_x("r")))
    assert shown(found, "A:a", "A:b", "A:r") == {(7, 3, 7)}


def test_without_a_message_there_is_no_order() -> None:
    assert shown(ran((set_x(7),), (get_x("r"),)), "A:r") == {(0,), (7,)}


def test_what_comes_after_the_posting_is_not_ordered() -> None:
    assert shown(ran((post("A"), set_x(7)), (receive("main"), get_x("r"))), "A:r") == {(0,), (7,)}


def test_messages_arrive_in_order() -> None:
    found = ran((post("A", 1), post("A", 2)), (receive("main", "a"), receive("main", "b")))
    assert shown(found, "A:a", "A:b") == {(1, 2)}


def test_messages_are_handed_on() -> None:
    hand_on = (receive("main", "v"), post("B", "v"))
    assert shown(ran((set_x(7), post("A", 5)), hand_on, (receive("A", "w"), get_x("r"))), "B:w", "B:r") == {(5, 7)}


def test_nobody_posts() -> None:
    assert shown(ran((post("A", 1),), (receive("main", "a"), receive("main", "b"))), "main", "A") == {
        ("done", "blocked")
    }
    trapping = (Invoke("m", "trap"), post("A", 1))
    assert shown(ran(trapping, (receive("main", "a"),)), "main", "A") == {("trap", "blocked")}


def test_each_waits_for_the_other() -> None:
    found = ran((receive("A", "a"), post("A", 1)), (receive("main", "b"), post("main", 1)))
    assert shown(found, "main", "A") == {("blocked", "blocked")}


@pytest.mark.parametrize("what", Sent)
def test_what_can_be_cloned(what: Sent) -> None:
    code = ((post("A", objects=frozenset((what,))),), (receive("main"),))
    refused = {("trap", "blocked")}
    assert shown(ran(*code), "main", "A") == (refused if what is Sent.OTHER else {("done", "done")})
    data = shown(ran(*code, profile=replace(WEB, clone="data")), "main", "A")
    assert data == ({("done", "done")} if what is Sent.MODULE else refused)


def test_termination() -> None:
    """The worker did all, or part of what it does; it may have ended before. Nothing orders the termination."""
    found = ran((Terminate("A"), set_x(1)), (set_x(2), get_x("r")))
    assert shown(found, "A", "A:r") == {("killed", None), ("done", 1), ("done", 2)}
    assert {x for status, x in shown(found, "A", "x") if status == "killed"} == {1, 2}


def test_one_that_waits_for_ever_is_terminated() -> None:
    assert shown(ran((Terminate("A"),), (Invoke("m", "wait"),)), "A") == {("killed",)}
    assert shown(ran((), (Invoke("m", "wait"),)), "A") == {("blocked",)}


def test_termination_after_a_message_from_the_worker() -> None:
    """What the message shows to have happened has happened."""
    found = ran((receive("A"), Terminate("A"), get_x("r")), (set_x(2), post("main"), set_x(3)))
    assert shown(found, "main:r", "A") == {(2, "killed"), (2, "done"), (3, "killed"), (3, "done")}


def test_twin_in_which_a_posted_message_may_never_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    code = ((post("A"),), (receive("main"),))
    assert shown(ran(*code), "A") == {("done",)}

    def free(self: Messages, unfolding: Unfolding, slot: Slot) -> Sym:
        found = unfolding.builder.symbol(1)
        unfolding.builder.introduce(found, Origin.CHOICE)
        return found

    monkeypatch.setattr(Messages, "_written", free)
    assert shown(ran(*code), "A") == {("done",), ("blocked",)}


def test_a_receiver_that_expects_another_message() -> None:
    with pytest.raises(TextError, match="message 1 from main has 1 number"):
        ran((post("A", 1),), (receive("main", "a", "b"),))


def test_random_agents() -> None:
    rng = random.Random(5)
    for _ in range(25):
        names = ("main", "A", "B")
        codes = []
        for name in names:
            others = [n for n in names if n != name]
            code: list[Command] = []
            for number in range(rng.randint(0, 2)):
                what = rng.randrange(6)
                if what < 2:
                    code.append(post(rng.choice(others), rng.randint(1, 3)))
                elif what < 4:
                    code.append(receive(rng.choice(others), f"v{number}"))
                elif what == 4:
                    code.append(rng.choice((set_x(rng.randint(1, 3)), get_x(f"r{number}"))))
                elif name == "main":
                    code.append(Terminate(rng.choice(others)))
            codes.append(tuple(code))
        found = ran(*codes)
        assert all(o.status("main") is not Status.KILLED for o in found)
