"""JSON, JUnit and DOT."""

from __future__ import annotations

import json as parser
import shutil
from xml.etree import ElementTree

import pytest

from litmus.checking.graph import Edge, Graph, Node
from litmus.checking.result import Comparison, Passed
from litmus.language import Expectation
from litmus.reporting import dot, json, junit, text
from semantics.diagnostics import Unsupported
from tests.litmus.reporting.results import ALL, BAD, report, result, script, subject


def test_json_of_a_run() -> None:
    made = report(result(), result(outcomes=ALL[1:], model="sc"), script(Passed.NO), error=BAD)
    found = parser.loads(json.run(made, "0.1"))
    assert found["schema"] == json.SCHEMA
    assert found["summary"] == {"as_expected": 1, "unexpected": 2, "undecided": 0, "bad_files": 1}
    first, second = found["tests"]
    assert first["outcome"] == {"values": {"P:r0": 0, "Q:r0": 0}, "statuses": {"P": "done", "Q": "done"}}
    assert (first["verdict"], first["agrees"], first["complete"]) == ("allowed", True, True)
    assert (second["verdict"], second["agrees"], second["core"]) == ("forbidden", False, ["hb-consistent-1"])
    assert found["scripts"][0]["assertions"][0]["result"] == "failed"
    assert found["errors"][0]["line"] == 3


def test_every_documented_key_is_there_and_no_other() -> None:
    found = parser.loads(json.run(report(result()), "0.1"))
    documented = json.__doc__ or ""
    for key in [*found, *found["tests"][0]]:
        assert f'"{key}"' in documented, key


def test_json_of_outcomes() -> None:
    compared = Comparison(subject(), ("wasm", "sc"), ((ALL[0], (True, None)),), ((), ("a bound",)), 8, 0.1)
    found = parser.loads(json.comparison(compared, "0.1"))
    assert found["outcomes"][0]["allowed"] == {"wasm": True, "sc": None}
    assert found["gaps"] == [[], ["a bound"]]


def test_junit_counts_failures_and_errors() -> None:
    unexpected = result(expected=Expectation.FORBIDDEN)
    undecided = result(outcomes=ALL[1:], gaps=("a bound",))
    made = report(result(), unexpected, undecided, script(Passed.YES, Passed.NO, Passed.UNKNOWN), error=BAD)
    root = ElementTree.fromstring(junit.run(made))
    counts = [(int(s.get("tests", "")), int(s.get("failures", "")), int(s.get("errors", ""))) for s in root]
    assert counts == [(1, 0, 0), (1, 1, 0), (1, 0, 1), (3, 1, 1), (1, 0, 1)]
    assert "expected forbidden" in "".join(e.get("message", "") for e in root.iter("failure"))
    assert "no <such> thing" in "".join(e.text or "" for e in root.iter("error"))


def test_junit_has_no_character_that_xml_forbids() -> None:
    ElementTree.fromstring(junit.run(report(result(name='a\x00\x1b<&"b'))))


GRAPH = Graph(
    (
        Node(1, "a", "P", 'i32.store "x"', ("W x=1",), "t.litmus:3"),
        Node(2, "b", "P", "i32.load y", ("R y=0",), "t.litmus:4"),
        Node(3, "c", "Q", "i32.load x", ("R x=1",), "t.litmus:5"),
    ),
    (Edge("rf", 1, 3), Edge("hb", 1, 3)),
    (1, 2, 3),
)


def test_dot_has_columns_and_named_edges() -> None:
    found = dot.dot(GRAPH, "SB under sc")
    assert 'e1 -> e3 [label="rf"' in found
    assert "e1 -> e2 [constraint=true" in found
    assert "e2 -> e3 [constraint=true" not in found  # another thread
    assert '\\"x\\"' in found


def test_graph_in_text() -> None:
    assert text.graph(GRAPH) == [
        "P:",
        '  a  W x=1  i32.store "x"  t.litmus:3',
        "  b  R y=0  i32.load y     t.litmus:4",
        "Q:",
        "  c  R x=1  i32.load x  t.litmus:5",
        "rf: a->c",
        "hb: a->c",
        "tot: a b c",
    ]


@pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not installed")
def test_svg_where_graphviz_is() -> None:
    assert b"<svg" in dot.svg(dot.dot(GRAPH, 'a "title"'))


def test_svg_without_graphviz_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(Unsupported, match="graphviz"):
        dot.svg("digraph {}")
