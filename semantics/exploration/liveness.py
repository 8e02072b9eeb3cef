"""Which locals are live at a loop's head: those that some path from there reads before it assigns them.

The classic backward data flow over the structured code of one body, flattened to a list of operations first, so that
neither the walk nor the solution recurses on the program. Sets of locals are bit masks.
"""

from __future__ import annotations

from semantics.syntax.instructions import (
    Block,
    Br,
    BrIf,
    BrTable,
    Expr,
    If,
    Instr,
    LocalGet,
    LocalSet,
    LocalTee,
    Loop,
    Return,
    Unreachable,
)

_EXIT = -1


class _Flow:
    """The flow graph of a body: per operation the locals it reads and assigns (masks) and its successors."""

    def __init__(self) -> None:
        self.reads: list[int] = []
        self.kills: list[int] = []
        self.successors: list[list[int]] = []
        self.heads: dict[int, int] = {}  # id of a Loop -> the operation at its head

    def add(self, reads: int = 0, kills: int = 0, falls: bool = True) -> int:
        """Appends an operation; `falls`: control may go on to the next one."""
        here = len(self.reads)
        self.reads.append(reads)
        self.kills.append(kills)
        self.successors.append([here + 1] if falls else [])
        return here


class _Open:
    """A body under way: its instructions, the loop's head or None, and who jumps to its end."""

    __slots__ = ("body", "head", "jumps", "orelse", "pc", "split")

    def __init__(self, body: Expr, head: int | None, orelse: Expr | None = None, split: int = 0) -> None:
        self.body = body
        self.pc = 0
        self.head = head
        self.orelse = orelse  # still to come, of an `if`
        self.split = split  # the operation that tests an `if`
        self.jumps: list[int] = []


def live_at_heads(body: Expr, observed: int) -> dict[int, int]:
    """For each loop of a body (by `id`), the mask of the locals live at its head.

    `observed` is the mask of the locals that are read when the body ends (registers of a thread). Traps are not
    taken for an end: see `spin`.
    """
    flow = _flatten(body)
    count = len(flow.reads)
    live = [0] * (count + 1)
    live[count] = observed
    changed = True
    while changed:
        changed = False
        for i in range(count - 1, -1, -1):
            after = 0
            for s in flow.successors[i]:
                after |= live[s]  # the exit is -1, which indexes the last entry
            mask = flow.reads[i] | after & ~flow.kills[i]
            if mask != live[i]:
                live[i] = mask
                changed = True
    return {loop: live[head] for loop, head in flow.heads.items()}


def _flatten(body: Expr) -> _Flow:
    flow = _Flow()
    stack = [_Open(body, None)]
    while stack:
        top = stack[-1]
        if top.pc < len(top.body):
            instr = top.body[top.pc]
            top.pc += 1
            _add(flow, stack, instr)
        elif top.orelse is not None:
            top.jumps.append(flow.add(falls=False))  # the end of the `then` branch
            flow.successors[top.split].append(len(flow.reads))
            top.body, top.pc, top.orelse = top.orelse, 0, None
        else:
            stack.pop()
            end = flow.add()
            for jump in top.jumps:
                flow.successors[jump].append(end)
    return flow


def _add(flow: _Flow, stack: list[_Open], instr: Instr) -> None:
    match instr:
        case LocalGet(index):
            flow.add(reads=1 << index)
        case LocalSet(index) | LocalTee(index):
            flow.add(kills=1 << index)
        case Block(_, inner):
            stack.append(_Open(inner, None))
        case Loop(_, inner):
            head = flow.add()
            flow.heads[id(instr)] = head
            stack.append(_Open(inner, head))
        case If(_, then, orelse):
            stack.append(_Open(then, None, orelse, flow.add()))
        case Br(label):
            _jump(flow, stack, flow.add(falls=False), label)
        case BrIf(label):
            _jump(flow, stack, flow.add(), label)
        case BrTable(labels, default):
            here = flow.add(falls=False)
            for label in (*labels, default):
                _jump(flow, stack, here, label)
        case Return():
            flow.successors[flow.add(falls=False)].append(_EXIT)
        case Unreachable():
            flow.add(falls=False)
        case _:
            flow.add()


def _jump(flow: _Flow, stack: list[_Open], source: int, label: int) -> None:
    target = stack[-1 - label]
    if target.head is not None:
        flow.successors[source].append(target.head)
    else:
        target.jumps.append(source)
