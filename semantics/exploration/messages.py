"""Messages between the host's threads, and their termination (systems.md B.1: W2, W3, W5).

A message passes through variables of its own: posting writes its numbers and, seqcst, a flag; receiving reads the flag
as 1, and the numbers. So `send k <hb recv k` is the synchronisation that every model has. A thread that waits for a
message is blocked for ever iff nobody posts it: a symbol of origin WRITTEN says whether somebody does.

Where somebody receives from anybody, a hidden thread is the inbox: each of its events reads one flag as 1 and those of
the other senders' next messages as 0, and posts what it found. So it comes, in the total order of seqcst events, after
the posting of one message and before that of every message which is taken later: the order of the postings, and any.
Its events order nothing but their receiver, who had received the earlier messages before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semantics.execution.structure import Kind, Origin, Status
from semantics.exploration import killing
from semantics.exploration.linking import Argument, Dispatch, FromRegister, Merge, Message, Sending, Slot
from semantics.exploration.path import Path
from semantics.exploration.program import Sent
from semantics.runtime.actions import Field, Location, Read, Region, Write
from semantics.runtime.configuration import Value
from semantics.syntax.types import Order
from semantics.terms import Sym, Term, apply, negate

if TYPE_CHECKING:
    from semantics.exploration.unfold import Unfolding

UNCLONEABLE = "DataCloneError"
FLAG_BITS = 32


def number(path: Path, argument: Argument) -> Value:
    """The value of an argument of a command."""
    if isinstance(argument, FromRegister):
        return Value(argument.type, path.registers[argument.name])
    return argument


class Messages:
    """The symbols that say whether a slot is ever written."""

    def __init__(self) -> None:
        self._symbols: dict[int, Sym] = {}

    def terminated(self, unfolding: Unfolding, thread: str) -> Sym | None:
        """Whether somebody terminates a thread; None where no command does."""
        slot = unfolding.plan.endings.get(thread)
        return None if slot is None else self._written(unfolding, slot)

    def _written(self, unfolding: Unfolding, slot: Slot) -> Sym:
        found = self._symbols.get(slot.flag)
        if found is None:
            found = self._symbols[slot.flag] = unfolding.builder.symbol(1, "written")
            unfolding.builder.introduce(found, Origin.WRITTEN, region=_value(slot.flag).region)
        return found

    def command(self, unfolding: Unfolding, path: Path, command: Message) -> bool:
        """Whether the path goes on."""
        unfolding.together(path)
        if isinstance(command, Dispatch):
            return self._receive(unfolding, path, command)
        if isinstance(command, Merge):
            return self._merge(unfolding, path, command)
        writes = [Write(Order.SEQCST, _value(command.slot.flag), 1, 1)]
        if isinstance(command, Sending):
            allowed = {Sent.MODULE} | ({Sent.SHARED_MEMORY} if unfolding.oracle.profile.clone == "memory" else set())
            if not command.objects <= allowed:
                return unfolding.leaf(path, Status.TRAP, UNCLONEABLE)
            values = [number(path, argument).term for argument in command.numbers]
            writes += [Write(Order.UNORD, _value(a), 1, v) for a, v in zip(command.slot.cells, values, strict=True)]
        text = "post" if isinstance(command, Sending) else "terminate"
        unfolding.builder.event(
            path.thread, path.node, Kind.ACCESS, tuple(writes), text, command.span, f"{text} {command.thread}"
        )
        path.effects += 1
        path.visible += 1
        path.exposed = True
        return True

    def _receive(self, unfolding: Unfolding, path: Path, command: Dispatch) -> bool:
        builder, never = unfolding.builder, killing.goes_on(unfolding, path)
        reason = f"no message from {command.thread}"
        slots = unfolding.plan.messages.get((command.thread, path.planned.name), [])
        if command.ordinal >= len(slots):
            for blocked in unfolding.children(path, [never]) if never else [path]:
                unfolding.leaf(blocked, Status.BLOCKED, reason)
            return False
        slot = slots[command.ordinal]
        flag = builder.symbol(FLAG_BITS)
        arrived = apply("eq", 1, flag, 1, arg_width=FLAG_BITS)
        made = unfolding.children(path, [(arrived,), (negate(self._written(unfolding, slot)), *never)])
        if not made:
            return False
        going, blocked = made
        types = [unfolding.plan.store.global_(a).type.type for a in slot.cells]
        values = [builder.symbol(type.bits) for type in types]
        reads = [Read(Order.SEQCST, _value(slot.flag), 1, flag)]
        reads += [Read(Order.UNORD, _value(a), 1, v) for a, v in zip(slot.cells, values, strict=True)]
        builder.event(
            going.thread, going.node, Kind.ACCESS, tuple(reads), "receive", command.span, f"receive {command.thread}"
        )
        going.visible += 1
        going.registers.update(zip(command.results, values, strict=True))
        unfolding.leaf(blocked, Status.BLOCKED, reason)
        return unfolding.schedule([going])

    def _merge(self, unfolding: Unfolding, path: Path, command: Merge) -> bool:
        builder = unfolding.builder
        following = {
            s: slots[path.taken.get(s, 0)] for s, slots in command.senders.items() if path.taken.get(s, 0) < len(slots)
        }
        flags = {sender: {s: builder.symbol(FLAG_BITS) for s in following} for sender in following}
        conditions = [_first(sender, read) for sender, read in flags.items()]
        nobody = tuple(negate(self._written(unfolding, slot)) for slot in following.values())
        made = unfolding.children(path, [*conditions, nobody])
        if not made:
            return False
        *going, blocked = made
        for child, (sender, slot) in zip(going, following.items(), strict=True):
            values = [builder.symbol(unfolding.plan.store.global_(a).type.type.bits) for a in slot.cells]
            actions = [Read(Order.SEQCST, _value(following[s].flag), 1, flag) for s, flag in flags[sender].items()]
            actions += [Read(Order.UNORD, _value(a), 1, v) for a, v in zip(slot.cells, values, strict=True)]
            writes = [Write(Order.SEQCST, _value(command.slot.flag), 1, 1)]
            writes += [Write(Order.UNORD, _value(a), 1, v) for a, v in zip(command.slot.cells, values, strict=True)]
            text = f"message from {sender} to {command.thread}"
            builder.event(child.thread, child.node, Kind.ACCESS, (*actions, *writes), "receive", command.span, text)
            child.taken = {**child.taken, sender: child.taken.get(sender, 0) + 1}
            child.effects += 1
            child.visible += 1
        unfolding.leaf(blocked, Status.BLOCKED, f"no message to {command.thread}")
        return unfolding.schedule(going)


def _first(sender: str, flags: dict[str, Sym]) -> tuple[Term, ...]:
    """That the next message is the sender's, by what was read of the senders' flags."""
    return tuple(apply("eq", 1, flag, int(s == sender), arg_width=FLAG_BITS) for s, flag in flags.items())


def _value(address: int) -> Location:
    return Location(Region(address, Field.VAL))
