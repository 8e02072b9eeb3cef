"""Instances made again for a new thread: a clone of an instance, and of those that it was linked with (systems.md B.1
W4, B.2 WS1, DEC 12).

Which objects the clone shares with the original is `Profile.same`. Its imports matched when the original was linked,
and objects only grow: they match again. (The proposal reads the sizes of imported memories there; nobody uses the
values, and to drop such reads drops no constraint.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from semantics.diagnostics import InternalError
from semantics.reduction.designs import Effect, enter
from semantics.reduction.fig22_instantiation import instantiate
from semantics.reduction.registry import Oracle, local_rule
from semantics.runtime.configuration import Activate, Frame, Instantiation, Step, Value
from semantics.runtime.profile import Profile
from semantics.runtime.store import MemInst, ModuleInst, Store
from semantics.syntax.instructions import Call, DesignInstr
from semantics.syntax.types import Share


@dataclass(frozen=True, slots=True)
class Initialise(DesignInstr):
    """A fresh instance comes to life here: a host function's code has it, no program does."""

    opcode: ClassVar[str] = "initialise"
    feature: ClassVar[str] = "initialise"
    made: Instantiation


enter(Initialise, 0, effect=Effect())


@local_rule("initialise-ok", fig="B.1", instr=Initialise)
def initialise_ok(frame: Frame, operands: tuple[Value, ...], instr: Initialise, oracle: Oracle) -> Step:
    """W4  f; (initialise m)  -->(act_g* act_t* act_m*)  frame_0{m} e* end

    The objects of m were allocated before; e* are its active segments and its start function, as in Fig. 22.
    """
    made = instr.made
    then = Activate(Frame(made.instance, ()), made.code) if made.code else None
    return Step((), then, made.writes)


def remade(store: Store, instance: ModuleInst, profile: Profile, creator: object = None) -> tuple[Instantiation, ...]:
    """A clone of an instance, the last one, after clones of those that it needs. All are allocated; none lives yet."""
    made: dict[int, Instantiation] = {}

    def again(original: ModuleInst) -> None:
        if id(original) in made or original.module is None:
            return
        imports = []
        for address in original.imports:
            owner = store.owner.get(address)
            if owner is None or _same(store, address, profile):
                imports.append(address)
            else:
                again(owner)
                imports.append(_counterpart(address, owner, made[id(owner)].instance))
        made[id(original)] = instantiate(store, original.module, tuple(imports), creator=creator)

    again(instance)
    return tuple(_started(found, profile) for found in made.values())


def depends_on(store: Store, instance: ModuleInst) -> list[ModuleInst]:
    """An instance and those whose objects it was linked with, and so on."""
    found = [instance]
    for each in found:
        for address in each.imports:
            owner = store.owner.get(address)
            if owner is not None and all(owner is not other for other in found):
                found.append(owner)
    return found


def _same(store: Store, address: int, profile: Profile) -> bool:
    """Whether a clone is linked with the very object at an address."""
    found = store[address]
    if profile.same == "all":
        return True
    return isinstance(found, MemInst) and (profile.same == "memories" or found.type.share is Share.SHARED)


def _counterpart(address: int, owner: ModuleInst, clone: ModuleInst) -> int:
    """The object of a clone that stands where the one at `address` does in the original."""
    for old, new in (
        (owner.funcs, clone.funcs),
        (owner.globals, clone.globals),
        (owner.tables, clone.tables),
        (owner.mems, clone.mems),
    ):
        if address in old:
            return new[old.index(address)]
    raise InternalError(f"the object at address {address} is not its owner's")


def _started(made: Instantiation, profile: Profile) -> Instantiation:
    """With the code that the design runs in a thread's own instance."""
    if not profile.start:
        return made._replace(code=())
    if profile.restart == "skip":
        return made._replace(code=tuple(e for e in made.code if not isinstance(e, Call)))
    return made
