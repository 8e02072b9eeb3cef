"""Each verb on good input: what it prints and its exit status."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from litmus.cli import main
from litmus.cli.status import FAILED, INTERNAL, INTERRUPTED, OK, UNDECIDED
from semantics.profiles import PROFILES
from semantics.reduction.rules import RULES
from semantics.validation import TYPING_RULES
from tests.litmus.cli.conftest import SB

ALLOWED = SB + "expect wasm, wasm-threads: allowed\nexpect sc: forbidden\n"
WRONG = SB + "expect wasm: forbidden\n"
OPEN = """\
WASM open
{ i32 x; }
thread P {
  (loop $l (i32.store x (i32.add (i32.load x) (i32.const 1))) (br_if $l (i32.lt_u (i32.load x) (i32.const 9))))
}
thread Q { i32.store x 0 }
exists (x=77)
expect sc: forbidden
bound 2
"""
VERBS = ("run", "outcomes", "explain", "check", "rules", "models", "profiles", "matrix", "search", "encodings")


def test_all_as_expected(weft) -> None:
    ran = weft("run", "t.litmus", t__litmus=ALLOWED)
    assert ran.status == OK
    assert re.search(r"SB +wasm +allowed +allowed +ok\n +wasm-threads +allowed .*\n +sc +forbidden", ran.out)
    assert "1 test, 3 verdicts: 3 as expected" in ran.out
    assert "Exploration complete" in ran.out


def test_an_expectation_failed(weft) -> None:
    ran = weft("run", "t.litmus", t__litmus=WRONG)
    assert ran.status == FAILED
    assert "UNEXPECTED: P:r0=0 Q:r0=0" in ran.out


def test_undecided(weft) -> None:
    ran = weft("run", "t.litmus", t__litmus=OPEN)
    assert ran.status == UNDECIDED
    assert "undecided" in ran.out
    assert "Exploration incomplete" in ran.out


def test_precedence_of_exit_statuses(weft) -> None:
    both = weft("run", ".", a__litmus=WRONG, b__litmus=OPEN)
    assert both.status == FAILED
    assert "1 undecided" in both.out
    assert weft("run", ".", c__litmus="WASM").status == 2


def test_a_time_limit_that_is_ample_changes_nothing(weft) -> None:
    ran = weft("run", "t.litmus", "--time-limit", "60", t__litmus=ALLOWED)
    assert ran.status == OK
    assert "3 as expected" in ran.out


def test_a_time_limit_that_strikes_is_said(weft) -> None:
    ran = weft("run", "t.litmus", "--time-limit", "0.000001", t__litmus=ALLOWED)
    assert ran.status == UNDECIDED
    assert "3 undecided" in ran.out and "time limit reached" in ran.out


def test_a_time_limit_is_for_a_whole_test(weft) -> None:
    started = time.monotonic()
    ran = weft("outcomes", "LB+data", "--model", "wasm", "--time-limit", "1")
    assert time.monotonic() - started < 20  # without it: minutes
    assert "incomplete: values out of thin air: time limit reached" in ran.out


def test_floats_are_shown_as_floats(weft) -> None:
    ran = weft("outcomes", "MP+float-flag", "--model", "sc")
    assert re.search(r"T1:r0 +T1:r1 +sc\n +0\.5 +0 +allowed\n +1\.5 +42 +allowed", ran.out)
    assert "exists (T1:r0=1.5 /\\ T1:r1=0)" in ran.out
    assert "1:r0=1.5; 1:r1=42;" in weft("run", "MP+float-flag", "--format", "herd", "--model", "sc").out
    shown = json.loads(weft("outcomes", "MP+float-flag", "--json", "--model", "sc").out)
    assert {o["values"]["T1:r0"] for o in shown["outcomes"]} == {0x3F000000, 0x3FC00000}


def test_models_of_the_command_line_win(weft) -> None:
    ran = weft("run", "t.litmus", "--model", "sc", "--model", "wasm[-dagger]", t__litmus=ALLOWED)
    assert ran.status == OK
    assert "wasm[-dagger]" in ran.out
    assert "wasm-threads" not in ran.out


def test_the_default_model_where_nothing_is_expected(weft) -> None:
    ran = weft("run", "t.litmus", t__litmus=SB)
    assert ran.status == OK
    assert re.search(r"SB +wasm-threads +allowed +-", ran.out)


def test_an_alias_is_its_model(weft) -> None:
    ran = weft("run", "t.litmus", "--model", "paper", t__litmus=SB + "expect wasm: allowed\n")
    assert re.search(r"SB +wasm +allowed +allowed +ok", ran.out)


def test_herd_format(weft) -> None:
    ran = weft("run", "t.litmus", "--model", "sc", "--format", "herd", t__litmus=SB)
    lines = ran.out.splitlines()
    assert lines[:5] == ["Test SB Allowed", "States 3", "0:r0=0; 1:r0=1;", "0:r0=1; 1:r0=0;", "0:r0=1; 1:r0=1;"]
    assert lines[5:9] == ["No", "Witnesses", "Positive: 0 Negative: 3", "Condition exists (0:r0=0 /\\ 1:r0=0)"]
    assert lines[9] == "Observation SB Never 0 3"
    assert re.fullmatch(r"Hash=[0-9a-f]{32}", lines[11])
    assert ran.out.endswith("\n\n")


def test_the_hash_is_the_same_under_every_model(weft) -> None:
    ran = weft("run", "t.litmus", "--model", "sc", "--model", "wasm", "--format", "herd", t__litmus=SB)
    assert len(set(re.findall("Hash=(.*)", ran.out))) == 1


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_json_and_jobs(weft, jobs: str) -> None:
    files = {f"t{i}__litmus": ALLOWED.replace("SB", f"SB{i}") for i in range(5)}
    ran = weft("run", ".", "--json", "--jobs", jobs, **files)
    found = json.loads(ran.out)
    assert ran.status == OK
    assert [t["name"] for t in found["tests"]] == [f"SB{i}" for i in range(5) for _ in range(3)]
    assert all(t["agrees"] for t in found["tests"])
    assert {tuple(t["core"]) for t in found["tests"] if t["model"] == "sc"} == {("sc-last",)}


def test_junit(weft) -> None:
    ran = weft("run", "t.litmus", "--format", "junit", t__litmus=WRONG)
    assert ran.status == FAILED
    assert 'tests="1" failures="1" errors="0"' in ran.out


def test_a_name_of_the_catalogue(weft) -> None:
    ran = weft("run", "MP+seqcst")
    assert ran.status == OK
    assert "MP+seqcst" in ran.out


def test_scripts(weft) -> None:
    script = '(module (func (export "f") (result i32) (i32.const 1))) (assert_return (invoke "f") (i32.const N))'
    assert weft("run", "s.wast", s__wast=script.replace("N", "1")).status == OK
    wrong = weft("run", "s.wast", s__wast=script.replace("N", "2"))
    assert wrong.status == FAILED
    assert "s.wast:1: failed" in wrong.out


def test_outcomes(weft) -> None:
    ran = weft("outcomes", "t.litmus", t__litmus=ALLOWED)
    assert ran.status == OK
    assert re.search(r"0 +0 +allowed +allowed +forbidden\n", ran.out)
    assert "4 outcomes under wasm; complete" in ran.out
    assert "3 outcomes under sc; complete" in ran.out


def test_count_and_json_of_outcomes(weft) -> None:
    assert weft("outcomes", "t.litmus", "--count", "--model", "sc", t__litmus=SB).out == "SB  sc  3  complete\n"
    found = json.loads(weft("outcomes", "t.litmus", "--json", "--model", "sc", t__litmus=SB).out)
    assert len(found["outcomes"]) == 3


def test_outcomes_shows_what_is_named_or_everything(weft) -> None:
    one = SB.replace("exists (0:r0=0 /\\ 1:r0=0)", "exists (0:r0=0)")
    assert "3 outcomes" not in weft("outcomes", "t.litmus", "--model", "sc", t__litmus=one).out
    assert "3 outcomes" in weft("outcomes", "t.litmus", "--model", "sc", "--all", t__litmus=one).out


def test_explain(weft) -> None:
    ran = weft("explain", "t.litmus", "--model", "sc", "--model", "wasm", t__litmus=SB)
    assert ran.status == OK
    assert "under sc: forbidden" in ran.out
    assert "violated by" in ran.out
    assert "under wasm: allowed" in ran.out
    assert "t.litmus:4" in ran.out


def test_explain_draws(weft, tmp_path: Path) -> None:
    assert weft("explain", "t.litmus", "--dot", "g.dot", t__litmus=SB).status == OK
    assert (tmp_path / "g.dot").read_text().startswith("digraph")
    assert weft("explain", "t.litmus", "--dot", "-", t__litmus=SB).out.startswith("digraph")
    assert weft("explain", "t.litmus", "--dot", "no/where.dot", t__litmus=SB).status == 2


def test_check(weft) -> None:
    ran = weft("check", ".", t__litmus=SB, m__wat="(module (func))", s__wast="(module)")
    assert ran.status == OK
    assert ran.out.splitlines() == [
        "m.wat: a valid module",
        "s.wast: a valid script: 0 actions, 0 assertions about modules",
        "t.litmus: a valid test of 2 threads",
    ]


def test_rules(weft) -> None:
    ran = weft("rules")
    assert ran.status == OK
    for name in (*RULES, *TYPING_RULES):
        assert re.search(rf"^\w+ +{re.escape(name)}  ", ran.out, re.MULTILINE), name


def test_coverage(weft) -> None:
    ran = weft("rules", "--coverage", "t.litmus", t__litmus=SB)
    assert ran.status == OK
    assert re.search(r"^load-ok +Fig. 8 +[1-9]", ran.out, re.MULTILINE)
    assert re.search(r"^fork-ok +Fig. \d+ +-$", ran.out, re.MULTILINE) or "fork" in ran.out


def test_models(weft) -> None:
    ran = weft("models")
    assert ran.status == OK
    for name in ("wasm", "wasm-threads", "sc", "paper-dag"):
        assert re.search(rf"^{name} ", ran.out, re.MULTILINE)
    assert re.search(r"^wasm-threads .*the default", ran.out, re.MULTILINE)


def test_profiles(weft) -> None:
    ran = weft("profiles")
    assert ran.status == OK
    for name in PROFILES:
        assert re.search(rf"^{name} ", ran.out, re.MULTILINE)
    assert re.search(r"^fork .*default", ran.out, re.MULTILINE)


def test_matrix(weft) -> None:
    ran = weft("matrix", "L2", "--profile", "fork", "--profile", "create-unchecked")
    assert ran.status == OK
    assert re.search(r"^  fork +invalid T29$", ran.out, re.MULTILINE)
    assert re.search(r"^  create-unchecked +T0:r0=11 !$", ran.out, re.MULTILINE)


def test_run_under_profiles(weft) -> None:
    ran = weft("run", "L2", "--profile", "web", "--profile", "fork")
    assert ran.status == OK
    assert re.search(r"^L2 +web +\S+ +forbidden +forbidden +ok$", ran.out, re.MULTILINE)
    assert re.search(r"^ +fork +\S+ +invalid T29 +invalid T29 +ok$", ran.out, re.MULTILINE)


def test_a_wrong_expectation_of_a_design_fails(weft) -> None:
    test = """WASM twice
    { }
    module { (global $g (mut i32) (i32.const 0)) (func $f shared r = global.get $g) }
    main T0 { spawn $f }
    exists (f:r=1)
    expect profile fork: allowed; profile create-unchecked: invalid; profile web: forbidden"""
    ran = weft("run", "twice.litmus", twice__litmus=test)
    assert ran.status == FAILED
    assert "1 as expected, 2 not" in ran.out


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([verb, "--help"])
    assert left.value.code == 0
    out = capsys.readouterr().out
    assert f"  weft {verb}" in out.split("example")[1]
    assert "exit status:" in out


def test_examples_of_the_help_run(weft, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in VERBS:
        with pytest.raises(SystemExit):
            main([verb, "--help"])
        for line in re.findall(rf"^  weft ({verb}\b.*)$", capsys.readouterr().out.split("example")[1], re.MULTILINE):
            command = re.split(r"  +| >", line)[0].split()
            if any(word.startswith(("mytest", "tests/")) for word in command) or command == ["run"]:
                continue  # files of the reader's own, and the whole catalogue
            if "--svg" in command and shutil.which("dot") is None:
                continue
            assert weft(*command).status == OK, line


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("weft ")


def test_a_bug_of_ours_asks_for_a_report(weft, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("litmus.cli.models_verb.model_rows", broken)
    ran = weft("models")
    assert ran.status == INTERNAL
    assert "report" in ran.err


def test_a_bug_in_one_test_does_not_end_the_suite(weft, monkeypatch: pytest.MonkeyPatch) -> None:
    import litmus.checking.decide as decide

    true = decide.prepare

    def broken(test, limits):
        if test.name == "A":
            raise KeyError("x")
        return true(test, limits)

    monkeypatch.setattr(decide, "prepare", broken)
    ran = weft("run", ".", a__litmus=SB.replace("SB", "A"), b__litmus=ALLOWED)
    assert ran.status == INTERNAL
    assert "a.litmus: internal error: KeyError" in ran.out
    assert "3 as expected" in ran.out


def _modules(*arguments: str) -> set[str]:
    code = f"""
import sys
from litmus.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
print(*sys.modules, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stderr.splitlines()[-1].split())


def test_help_imports_next_to_nothing() -> None:
    assert not _modules("run", "--help") & {"lark", "z3", "rich", "semantics.syntax.types", "litmus.language"}


def test_a_syntax_error_waits_for_no_solver(tmp_path: Path) -> None:
    bad = tmp_path / "bad.litmus"
    bad.write_text("WASM bad\n{ i32 x;\n")
    for verb in ("run", "check"):
        loaded = _modules(verb, str(bad))
        assert not loaded & {"z3", "rich", "semantics.solver", "semantics.exploration.unfold", "semantics.axioms"}


def test_an_interrupted_run_tells_what_was_decided(weft, monkeypatch: pytest.MonkeyPatch) -> None:
    from litmus.checking import decide

    true = decide.prepare

    def interrupted(test, limits):
        if test.name == "B":
            raise KeyboardInterrupt
        return true(test, limits)

    monkeypatch.setattr(decide, "prepare", interrupted)
    ran = weft("run", ".", a__litmus=ALLOWED, b__litmus=SB.replace("SB", "B"), c__litmus=SB.replace("SB", "C"))
    assert ran.status == INTERRUPTED
    assert "Interrupted: 1 of 3 files decided." in ran.out
    assert "3 as expected" in ran.out


def test_ctrl_c_ends_all_processes(tmp_path: Path) -> None:
    for i in range(6000):
        (tmp_path / f"t{i:04}.litmus").write_text(ALLOWED.replace("SB", f"SB{i}"))
    command = [sys.executable, "-m", "litmus.cli", "run", str(tmp_path), "--jobs", "2"]
    root = Path(__file__).parents[3]
    running = subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    time.sleep(3)  # past the start of the processes, which an interrupt may catch in an import
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)  # ends only when no child holds the pipes
    assert running.returncode == INTERRUPTED
    assert "Traceback" not in out + err
    assert "files decided." in out
