"""What `weft encodings` prints."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap

from litmus.checking.encodings import Checked, Compared
from litmus.reporting.merging import outcomes_table
from semantics.encodings import Encoding
from semantics.encodings.rewriting import modules_of
from semantics.exploration.program import Program
from semantics.text.printer import print_module

WIDTH = 100


def listing(encodings: Iterable[Encoding]) -> str:
    """Each encoding with designs, claim and fragment."""
    lines = []
    for e in encodings:
        lines.append(f"{e.name:4} {e.source.name} -> {e.target.name}")
        lines += _wrapped("claim:    ", e.claim) + _wrapped("fragment: ", e.fragment)
    return "\n".join(lines) + "\n"


def _wrapped(head: str, text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent=f"     {head}", subsequent_indent=" " * (5 + len(head)))


def checked(found: Checked) -> str:
    """What came of a check."""
    e = found.encoding
    answer = {
        True: "equal outcomes",
        False: "the outcomes differ",
        None: f"undecided for {len(found.undecided)}, equal outcomes for the others",
    }[found.holds]
    lines = [
        f"{e.name}: {e.source.name} -> {e.target.name}, under {found.model}",
        f"{found.programs} programs, {found.outcomes} outcomes: {answer} ({found.seconds:.1f} s)",
        *(f"  {reason}" for reason in found.undecided),
    ]
    if found.counterexample is not None:
        number, compared = found.counterexample
        lines += ["", f"program {number}, under {e.source.name}:", *_side(compared.program, compared, source=True)]
        lines += ["", f"translated, under {e.target.name}:", *_side(compared.translation, compared, source=False)]
    return "\n".join(lines) + "\n"


def _side(program: Program, compared: Compared, *, source: bool) -> list[str]:
    outcomes, only = (compared.source, compared.source_only) if source else (compared.target, compared.target_only)
    lines = print_module(modules_of(program)[-1]).splitlines()
    lines.append(f"{len(outcomes)} outcomes; those that only this has have a *")
    rest = sorted(outcomes.difference(only), key=lambda o: o.values)
    return [*lines, *outcomes_table([*only, *rest], only)]
