"""`python -m tests.fuzz COUNT`: so many mutants of each kind, from the suites too where they are at hand."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from time import perf_counter

from tests.conformance import SUITES
from tests.fuzz.run import KINDS, Failure, run
from tests.fuzz.seeds import Seeds, official, own

CHUNK = 500


@cache
def _seeds() -> Seeds:
    ours, theirs = own(), official(sorted(SUITES.rglob("*.wast")))
    return Seeds(*(a + b for a, b in zip(ours, theirs, strict=True)))


def _chunk(kind: str, first: int, count: int) -> tuple[str, Counter[str], list[Failure]]:
    return kind, *run(kind, range(first, first + count), _seeds())


def main() -> int:
    """Prints the fates by kind, and every failure with the number that brings it back."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("count", type=int, help="mutants of each kind")
    parser.add_argument("--first", type=int, default=0, help="number of the first (default: 0)")
    parser.add_argument("--kind", choices=KINDS, action="append", help="may be repeated (default: all)")
    parser.add_argument("--jobs", type=int, default=None, help="processes (default: one for each core)")
    options = parser.parse_args()
    started = perf_counter()
    fates: dict[str, Counter[str]] = {kind: Counter() for kind in options.kind or KINDS}
    failed = 0
    with ProcessPoolExecutor(options.jobs) as pool:
        last = options.first + options.count
        futures = [
            pool.submit(_chunk, kind, at, min(CHUNK, last - at))
            for at in range(options.first, last, CHUNK)
            for kind in fates
        ]
        for future in as_completed(futures):
            kind, counted, failures = future.result()
            fates[kind] += counted
            failed += len(failures)
            for failure in failures:
                print(
                    f"FAILURE {failure.kind} {failure.seed}: {failure.error}\n  {failure.content!r:.1500}", flush=True
                )
    for kind, counted in fates.items():
        print(f"{kind}: {counted.total()} mutants: {', '.join(f'{n} {f}' for f, n in counted.most_common())}")
    print(f"{failed} failures; {perf_counter() - started:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
