"""X9 (systems.md B.14, B.8): the attribute of a module by attributes of its definitions."""

from __future__ import annotations

from dataclasses import replace

from semantics.encodings.encoding import Encoding
from semantics.encodings.nesting import everywhere
from semantics.encodings.rewriting import translated
from semantics.encodings.styles import MODULES
from semantics.exploration.program import Program
from semantics.profiles.fork import FORK
from semantics.profiles.module_shared import MODULE_SHARED


def elaborated(program: Program) -> Program:
    """X9  P8m -> P5. The flag goes: what it asks for, each definition says by itself (typing rule "module flag"), and
    functions have the attribute in their types.

    Claim: equal outcomes, for every valid program. Not conversely: one module may have shared and local functions.
    """
    return translated(program, lambda module: everywhere(module, lambda m: replace(m, shared=False)))


X9 = Encoding(
    "X9",
    MODULE_SHARED,
    FORK,
    "the attribute of a module by attributes of its definitions: equal outcomes",
    "every valid program",
    elaborated,
    lambda _: "",
    MODULES,
)
