"""Merging of modules (systems.md B.8): two modules become one, as a function on syntax (floor 4).

`fields` says which fields of the syntax are indices of which space, `renumbering` rewrites code by that table,
`linked` resolves imports and numbers what is left, `constants` and `names` rewrite those, `merger` puts all together.
"""

from __future__ import annotations

from semantics.merging.linked import ImportRef, described
from semantics.merging.merger import Merged, merge
from semantics.merging.names import Renamed

__all__ = ["ImportRef", "Merged", "Renamed", "described", "merge"]
