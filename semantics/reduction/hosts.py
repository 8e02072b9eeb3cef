"""Functions of the embedder: a function whose body is one instruction, run in the instance of its caller.

A host operation emits the actions that its rule lists, and no others (DEC 16).
"""

from __future__ import annotations

from collections.abc import Iterator

from semantics.reduction.designs import EFFECTS, Effect
from semantics.runtime.store import HOST, FuncInst, Store
from semantics.syntax.instructions import DesignInstr, Expr, LocalGet
from semantics.syntax.modules import Function
from semantics.syntax.types import FuncType


def host_function(store: Store, type: FuncType, operation: DesignInstr) -> int:
    """Allocates a function that hands its arguments to `operation` and returns what that leaves."""
    body: Expr = (*[LocalGet(i) for i in range(len(type.params))], operation, *operation.after)
    function = Function(type, (), body, f"${operation.opcode}", (None,) * len(type.params))
    return store.allocate(FuncInst(type, HOST, function, 0))


def host_effects(store: Store) -> Iterator[Effect]:
    """What the operations of the embedder that the store has may do."""
    for found in store.objects:
        if isinstance(found, FuncInst) and found.instance is HOST:
            yield from (EFFECTS[type(e)] for e in found.code.body if type(e) in EFFECTS)
