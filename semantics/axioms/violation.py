"""What a check finds: the violated name and the events that violate it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """A violated axiom (or a flag that is raised). `events` are event ids: a cycle in cycle order (the first is not
    repeated at the end), an offending pair, an offending element, or () where no event is to blame."""

    name: str
    events: tuple[int, ...] = ()
