"""A suite: files, directories and names of catalogue tests; decided in parallel; bad files collected."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from litmus.checking.errors import bad_input
from litmus.checking.limits import Options
from litmus.checking.result import BadInput, FileReport, Report, Result, ScriptResult
from litmus.language import SUFFIXES, load_tests, stated
from litmus.language.modules import MODULES
from semantics.diagnostics import InternalError, TextError, WeftError, load_source

IN_PROCESS = 4
"""Up to so many files are decided in this process: starting others would cost more."""


@dataclass(frozen=True, slots=True)
class Collected:
    """The files that the arguments name, in order, and the arguments that name none."""

    files: tuple[Path, ...]
    errors: tuple[BadInput, ...] = ()


def collect(paths: Sequence[str], catalogue: Callable[[str], Path]) -> Collected:
    """Files, the tests of directories (sorted, recursively), and what `catalogue` finds by name; each file once."""
    files: dict[Path, None] = {}
    errors: list[BadInput] = []
    for argument in paths:
        try:
            files.update(dict.fromkeys(_expand(argument, catalogue)))
        except WeftError as error:
            errors.append(bad_input(argument, error))
    return Collected(tuple(files), tuple(errors))


def _expand(argument: str, catalogue: Callable[[str], Path]) -> list[Path]:
    path = Path(argument)
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
        if not found:
            raise TextError(f"the directory {argument} has no tests", expected=tuple(f"*{s}" for s in SUFFIXES))
        return found
    if path.exists() or path.suffix in (*SUFFIXES, *MODULES) or os.sep in argument:
        return [path]
    return [catalogue(argument)]


def run(collected: Collected, options: Options, progress: Callable[[int, int], None] | None = None) -> Report:
    """Decides every file. `progress` is told how many of how many are done.

    A KeyboardInterrupt ends the run; the report then holds what was decided before it.
    """
    started = perf_counter()
    if options.models:
        from semantics.axioms import load_model

        for name in options.models:
            load_model(name)  # a wrong model is wrong for all: say so once
    jobs = min(options.jobs or os.cpu_count() or 1, len(collected.files))
    parallel = jobs > 1 and (options.jobs is not None or len(collected.files) > IN_PROCESS)
    done: dict[int, FileReport] = {}
    interrupted = False
    try:
        for index, report in (
            _parallel(collected.files, options, jobs) if parallel else _serial(collected.files, options)
        ):
            done[index] = report
            if progress is not None:
                progress(len(done), len(collected.files))
    except KeyboardInterrupt:
        interrupted = True
    refused = tuple(FileReport(e.file, (), e) for e in collected.errors)
    reports = (*(done[i] for i in sorted(done)), *refused)
    return Report(reports, len(collected.files) + len(refused), perf_counter() - started, interrupted)


def _serial(files: Sequence[Path], options: Options) -> Iterator[tuple[int, FileReport]]:
    for index, path in enumerate(files):
        yield index, decide_file(path, options)


def _parallel(files: Sequence[Path], options: Options, jobs: int) -> Iterator[tuple[int, FileReport]]:
    import multiprocessing
    import signal
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool

    size = max(1, min(16, len(files) // (jobs * 8)))
    count = -(-len(files) // size)
    chunks = [range(first, len(files), count) for first in range(count)]  # neighbours apart: they cost alike
    # Workers ignore Ctrl-C, which the terminal sends to all: the parent alone decides what it means.
    pool = ProcessPoolExecutor(jobs, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN))
    try:
        futures = {pool.submit(_decide_all, [files[i] for i in chunk], options): chunk for chunk in chunks}
        for future in as_completed(futures):
            chunk = futures[future]
            try:
                reports = future.result()
            except BrokenProcessPool:
                reports = [FileReport(str(files[i]), (), _died(files[i])) for i in chunk]
            yield from zip(chunk, reports, strict=True)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    pool.shutdown()


def _died(path: Path) -> BadInput:
    return bad_input(str(path), InternalError(f"{path}: the process that decided it died (out of memory?)"))


def _decide_all(paths: Sequence[Path], options: Options) -> list[FileReport]:
    return [decide_file(path, options) for path in paths]


def decide_file(path: Path, options: Options) -> FileReport:
    """All tests of a file under all models asked; an error in the input, or of ours, ends in the report."""
    results: list[Result | ScriptResult] = []
    try:
        if path.suffix == ".litmus":
            source = load_source(path)
            stated(source)
            from litmus.checking.decide import decide_litmus  # heavy; who cannot read the file need not wait for it

            results += decide_litmus(source, options)
        else:
            tests = load_tests(path)
            from litmus.checking.decide import decide

            for test in tests:
                results += decide(test, options)
    except WeftError as error:
        return FileReport(str(path), tuple(results), bad_input(str(path), error))
    except Exception as error:  # a bug of ours in one test must not take the suite down
        if os.environ.get("WEFT_TRACEBACK"):
            raise
        wrapped = InternalError(f"{type(error).__name__}: {error}")
        return FileReport(str(path), tuple(results), bad_input(str(path), wrapped))
    return FileReport(str(path), tuple(results))
