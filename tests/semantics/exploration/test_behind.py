"""A cut is refuted only where nothing that stands behind it could have fed what stands before it."""

from __future__ import annotations

import pytest

from litmus.checking.check import check, prepare
from litmus.checking.verdict import Allowed, Forbidden, Undecided
from litmus.language import Test, load
from semantics.axioms import load_model
from semantics.axioms.causality import causal
from semantics.diagnostics import Source

LOAD_BUFFERING = """WASM lbloop
{{ i32 x; i32 y; }}
thread A {{
  (loop $l (local.set $r (i32.{mode}load x)) (local.set $n (i32.add n 1)) (br_if $l r))
  i32.{mode}store y 1
}}
thread B {{
  r = i32.{mode}load y
  i32.{mode}store x r
}}
bound 3
exists (0:n=4)
"""


def verdict(text: str, model: str) -> object:
    test = load(Source("loop.litmus", text))
    assert isinstance(test, Test)
    return check(prepare(test), load_model(model)).verdict


@pytest.mark.parametrize("model", ["wasm", "wasm-threads", "paper-dag"])
def test_a_store_behind_the_loop_feeds_the_loop(model: str) -> None:
    """With a larger bound the outcome is there, so at this bound it is not forbidden."""
    plain = LOAD_BUFFERING.format(mode="")
    assert isinstance(verdict(plain, model), Undecided)
    assert isinstance(verdict(plain.replace("bound 3", "bound 4"), model), Allowed)


@pytest.mark.parametrize("model", ["wasm", "wasm-threads", "sc"])
def test_what_synchronises_cannot_come_from_behind(model: str) -> None:
    assert isinstance(verdict(LOAD_BUFFERING.format(mode="atomic."), model), Forbidden)


def test_sequential_consistency_is_causal() -> None:
    assert isinstance(verdict(LOAD_BUFFERING.format(mode=""), "sc"), Forbidden)
    assert [m for m in ("wasm", "paper-dag", "wasm-threads", "sc") if causal(load_model(m))] == ["sc"]
