"""X9 (systems.md B.14, B.8): the attribute of a module by attributes of its definitions."""

from __future__ import annotations

from dataclasses import replace

from semantics.encodings.nesting import everywhere
from semantics.encodings.rewriting import translated
from semantics.exploration.program import Program


def elaborated(program: Program) -> Program:
    """X9  P8m -> P5. The flag goes: what it asks for, each definition says by itself (typing rule "module flag"), and
    functions have the attribute in their types.

    Claim: equal outcomes, for every valid program. Not conversely: one module may have shared and local functions.
    """
    return translated(program, lambda module: everywhere(module, lambda m: replace(m, shared=False)))
