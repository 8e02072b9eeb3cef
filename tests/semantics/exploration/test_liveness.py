"""Live locals at the heads of loops."""

from __future__ import annotations

import pytest

from semantics.exploration.liveness import live_at_heads
from semantics.syntax.instructions import Block, Loop
from tests.semantics.exploration.programs import module


def live(body: str, observed: int = 0) -> list[set[int]]:
    """The live locals of each loop of a body with locals 0 to 3, outermost first."""
    code = module(f"(func (local i32 i32 i32 i32) {body})").funcs[0].body
    found = live_at_heads(code, observed)
    loops: list[Loop] = []
    todo = list(code)
    while todo:
        instr = todo.pop(0)
        if isinstance(instr, Loop):
            loops.append(instr)
        if isinstance(instr, Loop | Block):
            todo = [*instr.body, *todo]
    return [{i for i in range(4) if found[id(loop)] >> i & 1} for loop in loops]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("(loop (local.set 0 (i32.const 1)) (br_if 0 (local.get 0)))", [set()]),
        ("(loop (br_if 0 (local.get 0)) (local.set 0 (i32.const 1)))", [{0}]),
        ("(loop (local.set 0 (i32.add (local.get 0) (local.get 1))) (br_if 0 (i32.const 1)))", [{0, 1}]),
        # assigned on one branch only
        ("(loop (if (local.get 1) (then (local.set 0 (i32.const 1)))) (br_if 0 (local.get 0)))", [{0, 1}]),
        (
            "(loop (if (local.get 1) (then (local.set 0 (i32.const 1))) (else (local.set 0 (i32.const 2))))"
            "(br_if 0 (local.get 0)))",
            [{1}],
        ),
        # read after the loop
        ("(loop (br_if 0 (local.tee 0 (i32.const 1)))) (drop (local.get 2))", [{2}]),
        # read only at the head of an outer loop, which assigns it first
        (
            "(loop (local.set 2 (i32.const 0)) (loop (br_if 0 (local.get 0))) (drop (local.get 2))"
            "(br_if 0 (local.get 1)))",
            [{0, 1}, {0, 1, 2}],
        ),
        ("(block (loop (br_table 0 1 (local.get 0)))) (drop (local.get 3))", [{0, 3}]),
        ("(loop (if (local.get 0) (then return)) (br 0)) (drop (local.get 1))", [{0}]),
        ("(loop (if (local.get 0) (then unreachable)) (drop (local.get 1)) (br 0))", [{0, 1}]),
    ],
)
def test_live(body, expected):
    assert live(body) == expected


def test_observed_locals_are_read_at_the_end():
    body = "(loop (local.set 0 (i32.const 1)) (br_if 0 (local.get 1)))"
    assert live(body, 0b101) == [{1, 2}]
    assert live("(loop (br_if 1 (local.get 1)) (local.set 0 (i32.const 1)) (br 0))", 0b1) == [{0, 1}]
    assert live("(loop (br 0))", 0b1) == [set()]  # never ends
