"""Under which designs and models a test is decided."""

from __future__ import annotations

import pytest

from litmus.checking.decide import decide_litmus
from litmus.checking.limits import Options
from semantics.diagnostics import Source

TEST = """WASM one
{ i32 x; }
module { (func $f shared i32.store x 1) }
main T0 { spawn $f r0 = i32.load x }
exists (0:r0=1)
"""
ACQREL = "wasm-acqrel[+alloc-first,+grow-first]"


def decided(lines: str, options: Options = Options()) -> list[tuple[str, str]]:  # noqa: B008
    return [(r.profile, r.model) for r in decide_litmus(Source("one.litmus", TEST + lines), options)]


@pytest.mark.parametrize(
    ("lines", "options", "found"),
    [
        ("", Options(), [("fork", "wasm-threads")]),
        ("profile shared-everything", Options(), [("shared-everything", ACQREL)]),
        ("profile shared-everything", Options(("sc",)), [("shared-everything", "sc")]),
        ("profile shared-everything\nexpect sc: allowed", Options(), [("shared-everything", "sc")]),
        ("profile web", Options(profiles=("shared-everything",)), [("shared-everything", ACQREL)]),
        ("expect profile web: allowed", Options(), [("fork", "wasm-threads"), ("web", "wasm-threads")]),
    ],
)
def test_under_what(lines: str, options: Options, found: list[tuple[str, str]]) -> None:
    assert decided(lines, options) == found
