"""Renumbering: code under a substitution of indices. What moves is what the table `FIELDS` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from semantics.merging.fields import FIELDS, NAMED, Part, Role, Space
from semantics.syntax.instructions import DesignInstr, Expr

N = TypeVar("N", bound=Any)

_MOVED: dict[type, tuple[tuple[str, Role], ...]] = {
    cls: moved
    for cls, row in FIELDS.items()
    if (moved := tuple((f, r) for f, r in row.items() if isinstance(r, Space) or r in (Part.CODE, Part.NODE)))
}
"""The fields that renumbering changes; the items of a segment are constant expressions, which who merges rewrites."""


def _moved(cls: type) -> tuple[tuple[str, Role], ...]:
    """The fields of a class that renumbering changes, and what they are."""
    if cls not in _MOVED and issubclass(cls, DesignInstr):
        _MOVED[cls] = tuple((f.name, NAMED[f.name]) for f in fields(cls) if f.name in NAMED)
    return _MOVED.get(cls, ())


@dataclass(frozen=True, slots=True)
class Renumbering:
    """For each space of a module, the new index of every old one."""

    maps: Mapping[Space, Sequence[int]]

    def index(self, space: Space, index: int) -> int:
        """The new index. Raises IndexError for one that a valid module does not have."""
        return self.maps[space][index]

    def code(self, code: Expr) -> Expr:
        """An instruction sequence with its indices moved; depth of nesting is bounded by memory only."""
        bodies = [code]
        inner: dict[tuple[int, int], dict[str, int]] = {}  # body and position -> the bodies within, by field
        for number, body in enumerate(bodies):
            for position, instr in enumerate(body):
                for name, role in _moved(type(instr)):
                    if role is Part.CODE:
                        inner.setdefault((number, position), {})[name] = len(bodies)
                        bodies.append(getattr(instr, name))
        for number in reversed(range(len(bodies))):  # what is within comes after what it is within
            bodies[number] = tuple(
                self.node(instr, {f: bodies[b] for f, b in inner.get((number, position), {}).items()})
                for position, instr in enumerate(bodies[number])
            )
        return bodies[0]

    def node(self, node: N, bodies: Mapping[str, Expr]) -> N:
        """A node with its indices moved; `bodies` are its instruction sequences, already rewritten, by field."""
        changes: dict[str, Any] = {}
        for name, role in _moved(type(node)):
            value = getattr(node, name)
            if isinstance(role, Space):
                changes[name] = self.index(role, value)
            else:
                changes[name] = bodies[name] if role is Part.CODE else self.node(value, {})
        return replace(node, **changes) if changes else node
