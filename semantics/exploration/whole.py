"""The whole of exploration: link, see what is confined, unfold, prune, observe."""

from __future__ import annotations

from itertools import chain

from semantics.execution.structure import EventStructure
from semantics.exploration.behind import behind
from semantics.exploration.confinement import FORKED, Confinement, Footprint, Reach, footprint
from semantics.exploration.linking import Call, Fetch, Make, Plan, Planned, plan
from semantics.exploration.locks import hold_locks
from semantics.exploration.observation import located, observe, region_names
from semantics.exploration.program import Bounds, Program
from semantics.exploration.prune import refute
from semantics.exploration.unfold import Unfolding
from semantics.profiles.fork import FORK
from semantics.reduction.access import value_of
from semantics.reduction.turns import state_of
from semantics.runtime.actions import Field, Region
from semantics.runtime.profile import Profile
from semantics.runtime.store import GlobalInst, ModuleInst, Store
from semantics.syntax.types import RefType


def explore(program: Program, bounds: Bounds = Bounds(), profile: Profile = FORK) -> EventStructure:  # noqa: B008
    """All candidate executions of a program, up to the bounds. The modules must be valid.

    Raises LinkError for imports that cannot be linked, TextError for commands and cells that name what there is not,
    and StuckConfiguration where a profile's rows do not cover a redex.
    """
    linked = plan(program, profile)
    cells = located(program, linked, profile)
    reach = Reach(linked.store, linked.instances)
    solo = _solo(linked.threads[0], reach)
    confinement = _confinement(linked, reach, solo)
    for name in program.observed:
        confinement.read(FORKED, cells[name][0].region)
    if linked.store.turn:
        confinement.share(value_of(linked.store.turn).region)
        confinement.share(state_of(linked.store, 0).region)
    unfolding = Unfolding(linked, confinement, solo, bounds, profile)
    unfolding.run()
    builder = unfolding.builder
    if profile.seg == "lock":
        hold_locks(builder, linked.store)
    lost = behind(_structure(unfolding), linked.modules)
    refute(builder, unfolding.init)
    if program.observed:
        observe(builder, unfolding.oracle, cells, program.observed, unfolding.over)
    structure = _structure(unfolding)
    structure.behind = lost
    structure.references = frozenset(r for r in _regions(structure) if _holds_references(linked.store, r))
    structure.region_names, structure.cells = unfolding.region_names | region_names(linked, cells), cells
    return structure


def _structure(unfolding: Unfolding) -> EventStructure:
    builder = unfolding.builder
    return EventStructure(
        builder.events,
        builder.nodes,
        builder.threads,
        builder.symbols,
        builder.asw,
        unfolding.init,
        incomplete=list(builder.incomplete),
        rules=builder.rules,
    )


def _regions(structure: EventStructure) -> set[Region]:
    return {action.location.region for event in structure.events for action in event.actions}


def _holds_references(store: Store, region: Region) -> bool:
    """Whether the values of a region are references."""
    if region.field is Field.VAL:
        held = store[region.addr]
        return isinstance(held, GlobalInst) and isinstance(held.type.type, RefType)
    return region.field is Field.ELEM


def _solo(main: Planned, reach: Reach) -> int:
    """How many commands of the main thread run, in one way only, before there is any other thread."""
    for position, command in enumerate(main.commands):
        if isinstance(command, Call):
            roots, mentioned = [command.address], Footprint()
        elif isinstance(command, Make):
            mentioned = footprint(command.made.code)
            roots = [command.made.instance.funcs[f] for f in mentioned.calls]
        elif isinstance(command, Fetch):
            continue
        else:
            return position
        running, _ = reach.closure(map(reach.root, roots))
        if mentioned.branches or any(code.footprint.branches for code in running):
            return position
    return len(main.commands)


def _confinement(linked: Plan, reach: Reach, solo: int) -> Confinement:
    """Who touches what, after the first `solo` commands of the main thread."""
    found = Confinement(linked.store, reach)
    for thread in linked.threads:
        roots: list[int] = []
        extra: list[tuple[ModuleInst, Footprint]] = []
        for command in thread.commands[solo if thread.number == 0 else 0 :]:
            if isinstance(command, Call):
                roots.append(command.address)
            elif isinstance(command, Make):
                extra.append((command.made.instance, footprint(command.made.code)))
            elif isinstance(command, Fetch):
                found.read(thread.number, Region(command.address, Field.VAL))
        found.add(thread.number, roots, extra)
    for slot in (*chain.from_iterable(linked.messages.values()), *linked.endings.values()):
        for address in (slot.flag, *slot.cells):
            found.share(Region(address, Field.VAL))
    return found
