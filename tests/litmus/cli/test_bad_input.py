"""Everything that is wrong with the input gives one message with its place, exit status 2, and never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from litmus.cli import main
from litmus.cli.status import BAD_INPUT, OK
from tests.litmus.cli.conftest import SB

PLACED = [
    ("unclosed parenthesis", SB.replace("i32.store x 1 ", "(i32.store (i32.const 0) "), "t.litmus:4:2", "not closed"),
    ("unclosed condition", SB.replace("1:r0=0)", "1:r0=0"), "t.litmus:6:", '")"'),
    ("unknown instruction", SB.replace("i32.load y", "i32.laod y"), "t.litmus:5:7", "i32.load"),
    ("duplicate location", SB.replace("i32 y;", "i32 x;"), "t.litmus:2:14", "duplicate"),
    ("type error", SB.replace("i32.store x 1 ", "i32.store x (i64.const 1) "), "t.litmus:4:", "(rule T21)"),
    ("unknown register", SB.replace("1:r0=0)", "1:r9=0)"), "t.litmus:6:", "r0"),
    ("unknown thread", SB.replace("1:r0=0)", "7:r0=0)"), "t.litmus:6:", "thread"),
    ("unknown location", SB.replace("i32.load y", "i32.load z"), "t.litmus:5:", "z"),
    ("unknown model expected", SB + "expect wsm: allowed\n", "t.litmus:", "wasm"),
]


@pytest.mark.parametrize(("content", "place", "says"), [p[1:] for p in PLACED], ids=[p[0] for p in PLACED])
@pytest.mark.parametrize("verb", ["run", "check", "outcomes", "explain"])
def test_errors_have_a_place(weft, verb: str, content: str, place: str, says: str) -> None:
    if verb == "check" and "wsm" in content:
        return  # names of models are not looked up
    ran = weft(verb, "t.litmus", t__litmus=content)
    assert ran.status == BAD_INPUT
    assert place in ran.all
    assert says in ran.all
    assert "^" in ran.all  # the caret under the place


WHOLE = [
    ("empty file", b"", "empty"),
    ("blank file", b" \n\n", "empty"),
    ("binary module", b"\0asm\1\0\0\0", "binary"),
    ("other binary", b"WASM\0x", "binary"),
    ("not UTF-8", b"WASM SB\n{ \xff }", "UTF-8"),
]


@pytest.mark.parametrize(("content", "says"), [w[1:] for w in WHOLE], ids=[w[0] for w in WHOLE])
@pytest.mark.parametrize("suffix", ["litmus", "wast"])
def test_files_that_are_no_text(weft, suffix: str, content: bytes, says: str) -> None:
    ran = weft("run", f"t.{suffix}", **{f"t__{suffix}": content})
    assert ran.status == BAD_INPUT
    assert f"t.{suffix}" in ran.all
    assert says in ran.all


@pytest.mark.parametrize("verb", ["run", "check", "outcomes", "explain"])
def test_missing_file(weft, verb: str) -> None:
    ran = weft(verb, "nowhere.litmus")
    assert ran.status == BAD_INPUT
    assert "nowhere.litmus" in ran.all
    assert "No such file" in ran.all


def test_unknown_name_tells_the_nearest(weft) -> None:
    ran = weft("run", "MP+seqcts")
    assert ran.status == BAD_INPUT
    assert "did you mean MP+seqcst?" in ran.all


def test_directory_without_tests(weft, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for verb in ("run", "check"):
        ran = weft(verb, "empty")
        assert ran.status == BAD_INPUT
        assert "no tests" in ran.all


@pytest.mark.parametrize("verb", ["run", "outcomes", "explain"])
def test_unknown_model(weft, verb: str) -> None:
    ran = weft(verb, "t.litmus", "--model", "wasn", t__litmus=SB)
    assert ran.status == BAD_INPUT
    assert "unknown model wasn" in ran.err
    assert "wasm" in ran.err


def test_model_with_an_unknown_relation(weft) -> None:
    model = "let hb = (po | rv)^+\nirreflexive hb as strict\n"
    ran = weft("run", "t.litmus", "--model", "m.cat", t__litmus=SB, m__cat=model)
    assert ran.status == BAD_INPUT
    assert "m.cat:1:16" in ran.err
    assert "rv" in ran.err


def test_model_file_that_is_missing(weft) -> None:
    ran = weft("run", "t.litmus", "--model", "m.cat", t__litmus=SB)
    assert ran.status == BAD_INPUT
    assert "m.cat" in ran.err


def test_a_suite_goes_on_after_a_bad_file(weft) -> None:
    ran = weft("run", ".", a__litmus="WASM a\n{", b__litmus=SB, c__wast="(module", d__litmus=SB.replace("SB", "D"))
    assert ran.status == BAD_INPUT
    assert ran.out.index("SB ") < ran.out.index("a.litmus:2")
    assert "c.wast:1:1" in ran.out
    assert "2 tests, 2 verdicts" in ran.out
    assert "2 bad files." in ran.out


def test_a_script_has_no_condition_to_explain(weft) -> None:
    ran = weft("explain", "s.wast", s__wast="(module)")
    assert ran.status == BAD_INPUT
    assert "script" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [["run", "--jobs", "0"], ["run", "--bound", "x"], ["run", "--time-limit", "-1"], ["rum"], [], ["check"]],
)
def test_wrong_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == BAD_INPUT
    assert "usage: weft" in capsys.readouterr().err


FORKS = """WASM forks
{ }
module { (func $f shared) }
main T0 { fork $f }
exists (f:done)
"""


def test_another_design_s_instruction(weft) -> None:
    ran = weft("run", "forks.litmus", "--profile", "web", forks__litmus=FORKS)
    assert ran.status == BAD_INPUT
    assert "forks.litmus:4:11: not expressible under web: needs fork" in ran.all
    assert weft("run", "forks.litmus").status == OK


def test_unknown_profiles_are_answered_with_the_known_ones(weft) -> None:
    for verb in ("run", "outcomes", "matrix"):
        ran = weft(verb, "forks.litmus", "--profile", "wsai", forks__litmus=FORKS)
        assert ran.status == BAD_INPUT
        assert "unknown profile wsai" in ran.all and "did you mean wasi?" in ran.all and "create-module" in ran.all
    ran = weft("run", "forks.litmus", forks__litmus=FORKS + "expect profile wsai: allowed\n")
    assert ran.status == BAD_INPUT and "forks.litmus:6:16: " in ran.all


def test_spawn_needs_a_function(weft) -> None:
    ran = weft("run", "forks.litmus", forks__litmus=FORKS.replace("fork $f", "spawn $g"))
    assert ran.status == BAD_INPUT
    assert "spawn needs a function of the module" in ran.all and "$f" in ran.all
