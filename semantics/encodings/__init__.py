"""Encodings of systems.md B.14, "who can polyfill whom" (floor 6).

A file holds a translation of programs, its fragment and its record. `generator` writes random programs of the
fragments, in the `styles` of the designs; that both sides have equal outcomes is checked in
`litmus.checking.encodings`.
"""

from __future__ import annotations

from semantics.encodings.contexts import X7, X7_CLONE, X7_TLS
from semantics.encodings.create_module import X4
from semantics.encodings.elaboration import X9
from semantics.encodings.embedding import X11, X11_CREATE, X11_CREATE_UNCHECKED, X11_HANDLE
from semantics.encodings.embedding_instances import X11_CREATE_MODULE, X11_WEB
from semantics.encodings.encoding import Encoding
from semantics.encodings.handles import X6
from semantics.encodings.instantiation import X2
from semantics.encodings.lifting import X4_FORK_REFS
from semantics.encodings.parameters import X8
from semantics.encodings.references import X5
from semantics.encodings.shared_everything import X10
from semantics.encodings.wasi import X3, X3_FORK
from semantics.encodings.workers import X1

__all__ = ["ENCODINGS", "Encoding"]

ENCODINGS: dict[str, Encoding] = {
    e.name: e
    for e in (
        X1, X2, X3, X3_FORK, X4, X4_FORK_REFS, X5, X6, X7, X7_TLS, X7_CLONE, X8, X9, X10,
        X11, X11_CREATE, X11_CREATE_UNCHECKED, X11_CREATE_MODULE, X11_HANDLE, X11_WEB,
    )
}  # fmt: skip
"""Every encoding, by name."""
