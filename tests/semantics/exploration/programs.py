"""Small programs for the tests of exploration, and a compact way to write event structures down."""

from __future__ import annotations

from semantics.diagnostics import Source
from semantics.execution.structure import EventStructure, Leaf, Origin, Status
from semantics.exploration import explore
from semantics.exploration.program import Bounds, Cell, HostThread, Instantiate, Invoke, Program, Spawn
from semantics.profiles.fork import FORK
from semantics.runtime.actions import Action, Fill, Image, Read, Rmw
from semantics.runtime.profile import Profile
from semantics.syntax.modules import Module
from semantics.terms import App, Sym, Term
from semantics.text import parse_module
from semantics.validation import PAPER, Discipline, validate

SHARED = '(memory (export "mem") 1 1 shared)'


def module(*fields: str, discipline: Discipline = PAPER) -> Module:
    """A valid module of the given fields."""
    made = parse_module(Source("test.wat", f"(module {' '.join(fields)})"))
    validate(made, discipline)
    return made


def program(
    *fields: str, threads: tuple[str, ...], observed: tuple[Cell, ...] = (), discipline: Discipline = PAPER
) -> Program:
    """An instance "m", and a host thread for each exported function that `threads` names."""
    spawns = (Spawn(HostThread(t, (Invoke("m", t),))) for t in threads)
    main = HostThread("host", (Instantiate("m", module(*fields, discipline=discipline)), *spawns), hidden=True)
    return Program("test", main, observed, tuple(c.name for c in observed))


def unfolded(
    *fields: str,
    threads: tuple[str, ...] = ("P0", "P1"),
    bounds: Bounds | None = None,
    profile: Profile = FORK,
    discipline: Discipline = PAPER,
) -> EventStructure:
    """The event structure of such a program."""
    return explore(program(*fields, threads=threads, discipline=discipline), bounds or Bounds(), profile)


def func(name: str, *body: str) -> str:
    """An exported function."""
    return f'(func ${name} (export "{name}") {" ".join(body)})'


def spelled(structure: EventStructure, term: Term) -> str:
    """A term; a symbol is written as where it comes from: v7 is what event 7 reads, n7 what it reads of a length."""
    if isinstance(term, Sym):
        info = structure.symbols[term]
        if info.origin is Origin.READ and info.region is not None:
            return f"{'n' if info.region.field.value == 'len' else 'v'}{info.event}"
        return f"{info.origin.value}{'' if info.event is None else info.event}"
    if isinstance(term, App):
        return f"{term.op}({', '.join(spelled(structure, a) for a in term.args)})"
    return str(term)


def action(structure: EventStructure, a: Action) -> str:
    """An action: r or w or u (update), `!` if seqcst, the region with offset, the values."""
    where = structure.region_names.get(a.location.region, str(a.location.region))
    if where.endswith(".len") or a.location.region.field.value == "val":
        place = where
    else:
        place = f"{where}[{a.location.offset}:{a.location.offset + a.size}]"
    mark = "!" if a.order.value == "seqcst" else ""
    match a:
        case Read(_, _, _, value):
            return f"r{mark} {place} {spelled(structure, value)}"
        case Rmw(_, _, old, new):
            return f"u {place} {spelled(structure, old)} {spelled(structure, new)}"
    match a.value:
        case Fill(value, _):
            return f"w{mark} {place} {value}.."
        case Image(_, units, default):
            return f"w{mark} {place} {dict(units) or default}.."
        case value:
            return f"w{mark} {place} {spelled(structure, value)}"


def outline(structure: EventStructure, *threads: str) -> list[str]:
    """One line a node of the given threads (all, if none is given): `id thread <parent [conditions] events => end`."""
    lines = []
    for node in structure.nodes:
        name = structure.threads[node.thread].name
        if threads and name not in threads:
            continue
        parts = [f"{node.id} {name}"]
        if node.parent is not None:
            parts.append(f"<{node.parent}")
        if node.condition:
            parts.append(f"[{', '.join(spelled(structure, c) for c in node.condition)}]")
        for number in node.events:
            event = structure.events[number]
            shown = "; ".join(action(structure, a) for a in event.actions)
            if event.kind.value != "access" or not shown:
                shown = f"{event.kind.value}{' ' if shown else ''}{shown}"
            if event.peer is not None:
                shown += f" ~{event.peer}"
            parts.append(f"{number}:({shown})")
        if node.leaf is not None:
            parts.append(f"=> {ending(structure, node.leaf)}")
        lines.append(" ".join(parts))
    return lines


def ending(structure: EventStructure, leaf: Leaf) -> str:
    """Status and registers of a leaf."""
    registers = (f"{name}={spelled(structure, value)}" for name, value in leaf.registers.items())
    return " ".join([leaf.status.value, *registers])


def leaves(structure: EventStructure, thread: str) -> list[Leaf]:
    """The leaves of the threads of a name."""
    return [n.leaf for n in structure.nodes if n.leaf is not None and structure.threads[n.thread].name == thread]


def statuses(structure: EventStructure, thread: str) -> list[Status]:
    """How the paths of a thread end."""
    return [leaf.status for leaf in leaves(structure, thread)]
