"""FORMAT.md: every example on the page is a test that parses, and the page names every reserved word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import litmus
from litmus.checking.check import check, prepare
from litmus.checking.decide import decide_litmus
from litmus.checking.limits import Options
from litmus.language import parse_litmus, stated
from litmus.language.reader import _words
from semantics.axioms import load_model
from semantics.diagnostics import Source

PAGE = Path(litmus.__file__).with_name("FORMAT.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```litmus\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_page_has_examples() -> None:
    assert len(EXAMPLES) == PAGE.count("```litmus") >= 9
    assert len(EXAMPLES[0].splitlines()) <= 10  # message passing


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.split()[1])
def test_example(text: str) -> None:
    source = Source("FORMAT.md", text)
    if "expect profile" in text:
        assert stated(source).description
        assert [r.agrees for r in decide_litmus(source, Options())] == [True, True, True]
    else:
        assert parse_litmus(source).description


@pytest.mark.parametrize(
    "text", [t for t in EXAMPLES if "\nexpect " in t and "expect profile" not in t], ids=lambda text: text.split()[1]
)
def test_expectations_of_examples(text: str) -> None:
    test = parse_litmus(Source("FORMAT.md", text))
    prepared = prepare(test)
    for model, expected in test.expectations.items():
        assert check(prepared, load_model(model), expected=expected).agrees


def test_reserved_words() -> None:
    named = re.search(r"`(module thread .*?)` are reserved", PAGE, re.DOTALL)
    assert named is not None
    assert set(named.group(1).split()) == set(_words()) - {"WASM"}
