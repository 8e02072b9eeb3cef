"""The host's commands on a path: instantiation, calls, reads of globals (systems.md B.1, W4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semantics.execution.structure import Kind
from semantics.exploration import handles, killing, messages, suspension
from semantics.exploration.linking import Await, Begin, Call, Fetch, Make, Message
from semantics.exploration.path import Path
from semantics.reduction.access import cell
from semantics.reduction.machine import evaluating, start
from semantics.runtime.actions import Read
from semantics.runtime.configuration import Configuration, Trap
from semantics.syntax.types import Order

if TYPE_CHECKING:
    from semantics.exploration.unfold import Unfolding


def next_command(unfolding: Unfolding, path: Path) -> bool:
    """Begins the next command of the path's thread. Whether the path goes on."""
    commands = path.planned.commands
    if path.position == unfolding.solo:
        unfolding.together(path)
    if path.position >= len(commands):
        return unfolding.leaf(path, killing.at_the_end(unfolding, path))
    command = commands[path.position]
    path.position += 1
    if isinstance(command, Begin):
        return suspension.spawn(unfolding, path, command)
    if isinstance(command, Await):
        return suspension.join(unfolding, path, command)
    if isinstance(command, Message):
        return unfolding.messages.command(unfolding, path, command)
    if isinstance(command, Fetch):
        return _fetch(unfolding, path, command)
    if isinstance(command, Make):
        return _make(unfolding, path, command)
    path.call = command
    if command.trap_register is not None:
        path.registers.pop(command.trap_register, None)
    arguments = tuple(messages.number(path, argument) for argument in command.arguments)
    path.config = start(unfolding.plan.store, command.address, arguments)
    return True


def _make(unfolding: Unfolding, path: Path, command: Make) -> bool:
    """Instantiation: the initial writes that others may see as one event, then the code of segments and start."""
    held, constants = path.held, unfolding.oracle.constants
    unfolding.created(path, command.made.writes, command.span)
    writes = tuple(
        w for w in command.made.writes if w.location.region not in held and w.location.region not in constants
    )
    unfolding.builder.count_rule("instantiate-ok")
    if writes:
        unfolding.builder.event(
            path.thread, path.node, Kind.INIT, writes, "instantiate-ok", command.span, "instantiate"
        )
        path.effects += 1
        path.visible += 1
        path.exposed = True
    path.call = None
    if command.made.code and unfolding.oracle.profile.start:
        path.config = evaluating(command.made.instance, command.made.code)
    return True


def _fetch(unfolding: Unfolding, path: Path, command: Fetch) -> bool:
    """Reads a global into a register."""
    location = cell(unfolding.oracle, command.address)
    value = unfolding.oracle.read(location, 1, command.object.type.type.bits)
    path.registers[command.result] = value
    region = location.region
    if not region.of and region not in path.held and region not in unfolding.oracle.constants:
        actions = (Read(Order.UNORD, location, 1, value),)
        unfolding.builder.event(path.thread, path.node, Kind.ACCESS, actions, "global-get-ok", command.span, "get")
        path.visible += 1
    return True


def command_ended(unfolding: Unfolding, path: Path, config: Configuration) -> bool:
    """The code of a command has come to values or a trap: its registers, and whether the thread goes on."""
    call: Call | None = path.call
    trap = config.pending if isinstance(config.pending, Trap) else None
    if trap is not None:
        unfolding.spin.ended(config)
        if call is None or call.trap_register is None:
            return handles.trapped(unfolding, path, trap.reason)
    path.registers.update(unfolding.locals(path))
    if call is not None:
        path.outcome = () if trap is not None else config.operands
        if trap is None:
            path.registers.update((n, v.term) for n, v in zip(call.results, config.operands, strict=False))
        if call.trap_register is not None:
            path.registers[call.trap_register] = int(trap is not None)
            if trap is not None:
                path.traps[call.trap_register] = trap.reason
    path.config = path.call = None
    path.heads = ()
    return True
