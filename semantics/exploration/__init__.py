"""Exploration (floor 5): from a program to its event structure.

`linking` resolves host commands, `confinement` says which state needs events, `unfold` builds the trees with `spin`
for loops, `suspension` for Fig. 11 and `domains` for the values of addresses, `prune` leaves out what cannot be.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from semantics.exploration.program import Bounds, Program

if TYPE_CHECKING:
    from semantics.exploration.linking import link_types
    from semantics.exploration.whole import explore

__all__ = ["Bounds", "Program", "explore", "link_types"]

_HOMES = {"explore": "whole", "link_types": "linking"}


def __getattr__(name: str) -> object:
    """Imports what is heavy when it is first asked for: who only reads programs needs none of it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
