"""Runs mutants, each from a seed of its own, so that one number brings a failure back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from random import Random
from typing import NamedTuple

from tests.fuzz import lines
from tests.fuzz.bounds import TooSlow, bounded_memory, fate
from tests.fuzz.mutation import mutate_bytes, mutate_text
from tests.fuzz.seeds import Seeds

FATES = frozenset((lines.VALID, "malformed", "syntax error", "invalid", "unsupported", "link error", "not expressible"))
KINDS = ("binary", "text", "script", "litmus", "whole")


class Failure(NamedTuple):
    """A mutant that ended in something else than a verdict or a diagnostic."""

    kind: str
    seed: int
    error: str
    content: bytes | str


def mutant(kind: str, seed: int, seeds: Seeds) -> tuple[bytes | str, Callable[[], str]]:
    """The mutant of that number, and what judges it."""
    rng = Random(f"{kind} {seed}")
    if kind == "binary":
        data = mutate_bytes(rng, rng.choice(seeds.binaries), rng.choice(seeds.binaries))
        return data, lambda: lines.binary(data)
    pool = {"text": seeds.modules, "script": seeds.scripts, "litmus": seeds.tests, "whole": seeds.tests}[kind]
    judge = {"text": lines.text, "script": lines.script, "litmus": lines.litmus, "whole": lines.whole}[kind]
    text = mutate_text(rng, rng.choice(pool), rng.choice(pool))
    return text, lambda: judge(text)


def run(kind: str, numbers: Iterable[int], seeds: Seeds) -> tuple[Counter[str], list[Failure]]:
    """The fates of the mutants with those numbers, and the failures among them."""
    fates: Counter[str] = Counter()
    failures: list[Failure] = []
    for number in numbers:
        content, judge = mutant(kind, number, seeds)
        try:
            with bounded_memory():
                found = fate(judge)
            if found not in FATES:
                failures.append(Failure(kind, number, f"an unknown family: {found}", content))
            fates[found] += 1
        except KeyboardInterrupt:
            raise
        except (Exception, TooSlow) as error:
            failures.append(Failure(kind, number, f"{type(error).__name__}: {error}"[:500], content))
    return fates, failures
