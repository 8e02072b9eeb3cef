"""Constant expressions of a merged module.

They may read imported globals only. A global that is no import any more is replaced by its own initialiser: it is
immutable, and a constant expression has the same value wherever it is evaluated.
"""

from __future__ import annotations

from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from semantics.diagnostics import LinkError
from semantics.merging.linked import GLOBAL, ORDINAL, At, Linked
from semantics.syntax.instructions import Expr, GlobalGet, Instr
from semantics.syntax.modules import Data, Elem, SegmentMode

S = TypeVar("S", Data, Elem)


class Constants:
    """Rewrites constant expressions to the indices of the merged module; `globals` has all initialisers, rewritten.

    Raises LinkError for initialisers that depend on each other in a circle.
    """

    def __init__(self, linked: Linked) -> None:
        self.linked = linked
        self.globals: dict[At, Expr] = {}
        inits = {
            At(side, i): g.init
            for side, m in enumerate(linked.modules)
            for i, g in enumerate(m.globals, len(linked.imported[side][GLOBAL]))
        }
        needs = {at: {r for e in code if (r := self._read(at.side, e)) in inits} for at, code in inits.items()}
        try:
            for at in TopologicalSorter(needs).static_order():
                assert at is not None  # a key of `inits`
                self.globals[at] = self.code(at.side, inits[at])
        except CycleError as error:
            circle = ", ".join(f"global {i} of the {ORDINAL[side]} module" for side, i in error.args[1][1:])
            raise LinkError(f"initialisers depend on each other in a circle: {circle}") from error

    def _read(self, side: int, e: Instr) -> At | None:
        """The global that an instruction reads."""
        return self.linked.root(GLOBAL, At(side, e.index)) if isinstance(e, GlobalGet) else None

    def code(self, side: int, code: Expr) -> Expr:
        """A constant expression of one of the modules."""
        found: list[Instr] = []
        for e in code:
            read = self._read(side, e)
            known = self.globals.get(read) if read is not None else None
            found += self.linked.renumbering[side].code((e,)) if known is None else known
        return tuple(found)

    def segment(self, side: int, segment: S) -> S:
        """A segment of one of the modules."""
        if isinstance(segment, Elem):
            segment = replace(segment, items=tuple(self.code(side, item) for item in segment.items))
        if segment.mode is not SegmentMode.ACTIVE:  # its index of a table or memory means nothing
            return segment
        return self.linked.renumbering[side].node(segment, {"offset": self.code(side, segment.offset)})
