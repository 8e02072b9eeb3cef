"""What the fields of syntax nodes mean to somebody who renumbers: one table, one row a class.

Every field that may hold a number, code, or another node has its entry; a test compares the table with the classes, so
that no instruction is forgotten. Classes without such a field have no row.
"""

from __future__ import annotations

from enum import Enum

from semantics.syntax import instructions as ast
from semantics.syntax import modules


class Space(Enum):
    """The field is an index of this space of the module."""

    TYPE = "type"
    FUNC = "function"
    TABLE = "table"
    MEMORY = "memory"
    GLOBAL = "global"
    ELEM = "elem segment"
    DATA = "data segment"


class Part(Enum):
    """The field is no index of the module."""

    CODE = "an instruction sequence"
    CODES = "a sequence of them"
    NODE = "a node with a row of its own"
    SCOPED = "a local or a label: it means the same wherever the function stands"
    PLAIN = "a number that is no index"
    CLOSED = "a module, given whole: its indices are its own"


Role = Space | Part
_ACCESS: dict[str, Role] = {"size": Part.PLAIN, "memarg": Part.NODE}

FIELDS: dict[type, dict[str, Role]] = {
    # control
    ast.Block: {"body": Part.CODE},
    ast.Loop: {"body": Part.CODE},
    ast.If: {"then": Part.CODE, "orelse": Part.CODE},
    ast.Br: {"label": Part.SCOPED},
    ast.BrIf: {"label": Part.SCOPED},
    ast.BrTable: {"labels": Part.SCOPED, "default": Part.SCOPED},
    ast.Call: {"func": Space.FUNC},
    ast.CallIndirect: {"type": Space.TYPE, "table": Space.TABLE},
    # variables, numerics
    ast.LocalGet: {"index": Part.SCOPED},
    ast.LocalSet: {"index": Part.SCOPED},
    ast.LocalTee: {"index": Part.SCOPED},
    ast.GlobalGet: {"index": Space.GLOBAL},
    ast.GlobalSet: {"index": Space.GLOBAL},
    ast.Const: {"value": Part.PLAIN},
    # references and tables
    ast.RefFunc: {"func": Space.FUNC},
    ast.TableGet: {"table": Space.TABLE},
    ast.TableSet: {"table": Space.TABLE},
    ast.TableSize: {"table": Space.TABLE},
    ast.TableGrow: {"table": Space.TABLE},
    ast.TableFill: {"table": Space.TABLE},
    ast.TableCopy: {"target": Space.TABLE, "source": Space.TABLE},
    ast.TableInit: {"table": Space.TABLE, "elem": Space.ELEM},
    ast.ElemDrop: {"elem": Space.ELEM},
    # memory
    ast.MemArg: {"offset": Part.PLAIN, "align": Part.PLAIN, "memory": Space.MEMORY},
    ast.Load: _ACCESS,
    ast.Store: _ACCESS,
    ast.Rmw: _ACCESS,
    ast.Cmpxchg: _ACCESS,
    ast.Wait: {"memarg": Part.NODE},
    ast.Notify: {"memarg": Part.NODE},
    ast.MemorySize: {"memory": Space.MEMORY},
    ast.MemoryGrow: {"memory": Space.MEMORY},
    ast.MemoryFill: {"memory": Space.MEMORY},
    ast.MemoryCopy: {"target": Space.MEMORY, "source": Space.MEMORY},
    ast.MemoryInit: {"data": Space.DATA, "memory": Space.MEMORY},
    ast.DataDrop: {"data": Space.DATA},
    # threads
    ast.Fork: {"func": Space.FUNC},
    ast.Instantiate: {"module": Part.CLOSED},
    # definitions; the space of an export's index is its kind
    modules.Function: {"body": Part.CODE},
    modules.Global: {"init": Part.CODE},
    modules.Table: {"init": Part.CODE},
    modules.Data: {"memory": Space.MEMORY, "offset": Part.CODE},
    modules.Elem: {"items": Part.CODES, "table": Space.TABLE, "offset": Part.CODE},
}
"""Class -> field -> what the field means."""

NAMED: dict[str, Space] = {
    "func": Space.FUNC,
    "type": Space.TYPE,
    "table": Space.TABLE,
    "memory": Space.MEMORY,
    "global_": Space.GLOBAL,
    "elem": Space.ELEM,
    "data": Space.DATA,
}
"""A design's instruction (DesignInstr) names its fields after the spaces that they index: it needs no row."""
