"""litmus/MODELS.md says what is so: its examples load and do what it says, its tables are complete."""

from __future__ import annotations

import re
from pathlib import Path

from semantics.axioms import load_model, shipped_models
from semantics.axioms.base import INDEXED, PLAIN
from semantics.axioms.brute import candidates, outcomes_of
from semantics.axioms.evaluate import flags
from semantics.axioms.model import Waiting
from tests.semantics.structures import Builder

MANUAL = (Path(__file__).parents[3] / "litmus" / "MODELS.md").read_text("utf-8")
EXAMPLES = re.findall(r"```cat\n(.*?)```", MANUAL, re.DOTALL)


def corr() -> Builder:
    b = Builder()
    b.thread("T0").store(0, 1)
    t = b.thread("T1")
    t.load(0)
    t.load(0)
    return b


def test_the_first_example_is_the_shipped_model(tmp_path: Path) -> None:
    (tmp_path / "sc.cat").write_text(EXAMPLES[0])
    shown, shipped = load_model(str(tmp_path / "sc.cat")), load_model("sc")
    assert (shown.checks, shown.definitions, shown.title) == (shipped.checks, shipped.definitions, shipped.title)


def test_the_race_example_flags_races(tmp_path: Path) -> None:
    (tmp_path / "races.cat").write_text(EXAMPLES[1])
    model = load_model(str(tmp_path / "races.cat"))
    structure = corr().build()
    assert all({v.name for v in flags(model, x)} == {"data-race"} for x in candidates(structure, waiting=Waiting.REACT))
    assert outcomes_of(structure, model) == outcomes_of(structure, load_model("wasm"))


def test_the_coherence_example_forbids_an_older_read(tmp_path: Path) -> None:
    (tmp_path / "coherent.cat").write_text(EXAMPLES[2])
    structure = corr().build()
    paper = outcomes_of(structure, load_model("wasm"))
    coherent = outcomes_of(structure, load_model(str(tmp_path / "coherent.cat")))
    assert {tuple(v for _, v in o.values) for o in paper - coherent} == {(1, 0)}


def test_the_tables_list_all_names() -> None:
    assert len(EXAMPLES) == 3
    rows = " ".join(re.findall(r"^\| (.*?) \|", MANUAL, re.MULTILINE))
    listed = set(re.findall(r"`([^`]*)`", rows))
    assert listed >= set(PLAIN) | set(shipped_models())
    assert {name.partition("@")[0] for name in listed if "@" in name} == set(INDEXED)
