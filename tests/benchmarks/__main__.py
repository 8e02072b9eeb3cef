"""`python -m tests.benchmarks [--quick] [--against COMMIT] [--model NAME]`: the tables of timings.

Everything runs in one process, warm, from file text to verdict or outcome set. `--against` runs the same
measurements at an older commit in a temporary work tree and prints its column and the ratio. Where `herd7` is on the
PATH its wall time for the same program as C litmus (rc11.cat) is printed too, for the straight-line families.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks import families

ROOT = Path(__file__).parent.parent.parent
REPEAT, BUDGET = 7, 20.0  # repetitions of short measurements; seconds after which one is not repeated
HERD_LIMIT = 60  # seconds


def pipeline(text: str, model: str, *, outcomes: bool) -> tuple[dict[str, float], int]:
    """Seconds per stage of one run from text, and the number of outcomes (or whether the condition is reached)."""
    from litmus.language import load
    from semantics.axioms import load_model
    from semantics.diagnostics import Source
    from semantics.exploration import explore
    from semantics.solver import Problem

    started = time.perf_counter()
    test = load(Source("benchmark.litmus", text))
    parsed = time.perf_counter()
    structure = explore(test.program)
    explored = time.perf_counter()
    problem = Problem(structure, load_model(model))
    count = problem.outcomes().count() if outcomes else int(problem.possible(test.condition.query) is True)
    solved = time.perf_counter()
    return {"parse": parsed - started, "explore": explored - parsed, "solve": solved - explored}, count


def measure(text: str, model: str, *, outcomes: bool) -> tuple[dict[str, float], int]:
    """Medians over repeated warm runs."""
    pipeline_started = time.perf_counter()
    first, count = pipeline(text, model, outcomes=outcomes)
    runs = [first]
    if time.perf_counter() - pipeline_started < BUDGET / REPEAT:
        runs = [pipeline(text, model, outcomes=outcomes)[0] for _ in range(REPEAT)]
    return {stage: statistics.median(run[stage] for run in runs) for stage in first}, count


def checked(texts: list[str], model: str) -> float:
    """Median seconds from text to verdict of `litmus.checking`, the referee's check of the witness included."""
    from litmus.checking.check import check, prepare
    from litmus.language import load
    from semantics.axioms import load_model
    from semantics.diagnostics import Source

    times = []
    for text in texts * REPEAT:
        started = time.perf_counter()
        check(prepare(load(Source("benchmark.litmus", text))), load_model(model))
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def herd(family: families.Family) -> float | None:
    """Seconds that herd7 takes for the same program, None where it is absent or too slow."""
    if shutil.which("herd7") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test.litmus"
        path.write_text(family.c())
        started = time.perf_counter()
        try:
            subprocess.run(
                ["herd7", "-model", "rc11.cat", str(path)], check=True, capture_output=True, timeout=HERD_LIMIT
            )
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
            return None
        return time.perf_counter() - started


def rows(model: str, quick: bool) -> dict[str, dict[str, float]]:
    """All measurements: name -> {column: seconds or count}."""
    found: dict[str, dict[str, float]] = {}
    for family in families.classic():
        for what, outcomes in (("all outcomes", True), ("condition", False)):
            stages, count = measure(family.litmus(), model, outcomes=outcomes)
            found[f"{family.name}, {what}"] = {**stages, "count": count}
    for title, (member, sizes) in families.GROWING.items():
        for n in sizes[:1] if quick else sizes:
            stages, count = measure(member(n).litmus(), model, outcomes=True)
            found[f"{title}, N={n}"] = {**stages, "count": count}
            if (seconds := herd(member(n))) is not None:
                found[f"{title}, N={n}"]["herd7"] = seconds
    for title, text in families.questions(quick):
        stages, count = measure(text, model, outcomes=False)
        found[title] = {**stages, "count": count}
    found["classic tests, text to verdict with referee"] = {
        "total": checked([f.litmus() for f in families.classic()], model)
    }
    return found


def at_commit(commit: str, arguments: list[str]) -> dict[str, dict[str, float]]:
    """The same measurements with the packages of an older commit."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        subprocess.run(
            ["git", "-C", str(ROOT), "worktree", "add", "--detach", str(tree), commit], check=True, capture_output=True
        )
        try:
            command = [sys.executable, "-m", "tests.benchmarks", "--json", *arguments]
            done = subprocess.run(
                command,
                cwd=tree,
                env={**os.environ, "PYTHONPATH": str(tree)},
                check=True,
                capture_output=True,
                text=True,
            )
        finally:
            subprocess.run(["git", "-C", str(ROOT), "worktree", "remove", "--force", str(tree)], check=True)
    result: dict[str, dict[str, float]] = json.loads(done.stdout)
    return result


def total(row: dict[str, float]) -> float:
    """Milliseconds over all stages."""
    return 1000 * sum(row.get(k, 0.0) for k in ("parse", "explore", "solve", "total"))


def main() -> None:
    """Prints the table, or JSON with --json."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--model", default="wasm")
    parser.add_argument("--quick", action="store_true", help="only the smallest member of each family")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--against", metavar="COMMIT", help="print the column of an older commit beside")
    options = parser.parse_args()
    found = rows(options.model, options.quick)
    if options.json:
        print(json.dumps(found))
        return
    old = (
        at_commit(options.against, ["--model", options.model, *(["--quick"] if options.quick else [])])
        if options.against
        else {}
    )
    print(f"model {options.model}; milliseconds, medians of {REPEAT} warm runs where short\n")
    header = f"{'':52} {'parse':>8} {'explore':>8} {'solve':>9} {'total':>9} {'outcomes':>12} {'herd7':>9}"
    print(header + (f" {'old':>9} {'old/new':>8}" if old else ""))
    for name, row in found.items():
        cells = [f"{1000 * row[k]:8.2f}" if k in row else f"{'':8}" for k in ("parse", "explore")]
        cells.append(f"{1000 * row['solve']:9.2f}" if "solve" in row else f"{'':9}")
        cells += [f"{total(row):9.2f}", f"{int(row['count']):12d}" if "count" in row else f"{'':12}"]
        cells.append(f"{1000 * row['herd7']:9.0f}" if "herd7" in row else f"{'-':>9}")
        if name in old:
            cells += [f"{total(old[name]):9.2f}", f"{total(old[name]) / total(row):8.2f}"]
        print(f"{name:52} " + " ".join(cells))


if __name__ == "__main__":
    main()
