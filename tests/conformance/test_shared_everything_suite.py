"""The shared-everything-threads proposal's scripts: what of their modules is in the subset is typed as they say."""

from __future__ import annotations

from collections import Counter

import pytest

from litmus.language import load
from litmus.language.script import AssertInvalid, AssertMalformed, Define, Script, module_of
from semantics.diagnostics import Invalid, NotExpressible, Unsupported, WeftError, load_source
from semantics.profiles.shared_everything import SHARED_EVERYTHING
from semantics.validation import validate
from tests.conformance import MISSING, SUITES

DIRECTORY = SUITES / "shared-everything-threads"

DECIDED = {
    "shared-arrays": (0, 0, 0),
    "shared-funcs": (1, 3, 0),
    "shared-gc-unreachable": (0, 0, 0),
    "shared-globals": (3, 18, 1),
    "shared-i31": (1, 0, 0),
    "shared-polymorphism": (0, 0, 0),
    "shared-ref-equivalence": (0, 0, 0),
    "shared-structs": (0, 0, 0),
    "shared-tables": (3, 4, 2),
}
"""By script: how many modules are valid, how many invalid, and how many malformed, as it says."""

UNREADABLE = {"shared-builtins": "the script command component", "shared-types": "nullexnref"}
"""Scripts that cannot be read: components, and types of exceptions."""

DIFFERENT = {
    ("shared-globals", 30): "a constant expression that reads a global that is not imported (GC proposal)",
    ("shared-globals", 45): "(shared funcref) as the type of a global: a shared reference here, a shared global there",
}
"""Modules of which weft thinks otherwise, by script and line."""

pytestmark = pytest.mark.skipif(not DIRECTORY.is_dir(), reason=MISSING)


def verdict(define: Define) -> str:
    try:
        validate(module_of(define.content), SHARED_EVERYTHING.typing)
    except Unsupported:
        return "unsupported"
    except (Invalid, NotExpressible):
        return "invalid"
    except WeftError:
        return "malformed"
    return "valid"


def test_no_script_is_forgotten() -> None:
    assert sorted(p.stem for p in DIRECTORY.glob("*.wast")) == sorted({*DECIDED, *UNREADABLE})


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_says_so(name: str) -> None:
    with pytest.raises(WeftError, match=UNREADABLE[name]):
        load(load_source(DIRECTORY / f"{name}.wast"))


@pytest.mark.parametrize("name", DECIDED)
def test_modules_are_typed_as_the_script_says(name: str) -> None:
    """Those of the subset; the others are unsupported, and none is refused or accepted for want of something."""
    script = load(load_source(DIRECTORY / f"{name}.wast"))
    assert isinstance(script, Script)
    found: Counter[str] = Counter()
    for command in script.commands:
        define = command.module if isinstance(command, AssertInvalid | AssertMalformed) else command
        if not isinstance(define, Define):
            continue
        expected = {AssertInvalid: "invalid", AssertMalformed: "malformed"}.get(type(command), "valid")
        actual = verdict(define)
        line = command.span.line if command.span is not None else 0
        if (name, line) in DIFFERENT:
            assert actual != expected
        elif actual != "unsupported":
            assert actual == expected, f"line {line}"
            found[actual] += 1
    assert (found["valid"], found["invalid"], found["malformed"]) == DECIDED[name]
