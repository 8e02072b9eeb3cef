"""The machine's parameters: which reading of the semantics the rules follow, one switch for each decision.

The records themselves, one a design, stand in `semantics.profiles`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from semantics.runtime.discipline import PAPER, Discipline
from semantics.syntax.instructions import DesignInstr
from semantics.syntax.types import FuncType

Shape = Callable[[FuncType], str]
"""What is wrong with a type that an import gives to an embedder's function; "" for nothing."""
HostImports = Mapping[tuple[str, str], tuple[type[DesignInstr], FuncType | Shape | None]]
"""What an embedder provides: (module, name) of an import -> the instruction that is the function's body, and its type,
None where the import's own type is taken, a function where it must have some shape."""

ANY = "*"
"""Stands for every name of a module among the host's imports; the instruction's field `name` is then that name."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A design: the switches of typing, of the reduction rules and of the host; systems.md B.0. The defaults are the
    repaired reading of the paper.

    summary: one line for people
    typing: what validation allows
    model: the memory model that the design takes where nobody names one, with its options
    spawn: how the abstract `spawn f` of a litmus test is written in this design (litmus.language.designs)
    host: the functions that the embedder provides, by the import that they satisfy
    types: the imported types that it provides (B.6)

    unaligned_atomics: an atomic access that is not naturally aligned traps, or is allowed (D14, DEC 24)
    failing_cmpxchg: a failing cmpxchg only reads (S9), or writes back what it read
    null_call: call_indirect of a null entry traps, or is stuck (D9, DEC 3)
    link_mismatch: instantiate with an operand that is null or of a wrong type traps, or is stuck (D9, DEC 3)
    checked_notify: notify checks bounds and alignment (S9), or has no check and no action (D8)
    bulk: bulk operations check once, or re-read the size before every byte (S10, DEC 19)
    import_size: imports are matched against the current size, or the declared minimum (D15, DEC 25)
    start: whether `instantiate` runs active segments and start functions (D3, DEC 2)
    growth: growth within the maximum may fail (as the standard allows), or is always granted

    cells: which globals have a cell for each thread (`cell` of B.0): those declared thread-local, or every mutable one
        that is not shared (contexts, B.9)
    inherit: what a new thread's cells hold: the value that instantiation gave, or a copy of the spawning thread's
        (tls_init, wavm_ctx; DEC 18)
    spawn_sync: what stands before a spawn happens before the new thread, or spawning orders nothing (DEC 8)
    seg: the accesses to a segment's drop state (B.11, DEC 20): their order; `lock`: seqcst under a reader-writer lock,
        a drop is happens-before or after every other operation; `nop`: dropping does nothing; `inst`: every thread has
        a drop state of its own, as in designs that give it an instance
    own: whose threads may touch a local object: the owner groups of INV-C. `nobody`: the design does not promise it
    trap: a trap ends its thread, its agent, the program, or its thread and those that join it (DEC 26)
    mainret: when the main thread returns the others go on, or the program exits
    exits: an instruction or host function may end the program
    block: any thread may wait, or not the main one
    link_in: a module that is started in a thread of its own is linked by that thread, or by the one that starts it: who
        traps where it cannot be linked (B.4, DEC 14)
    handle: spawning gives nothing that says anything of the thread, or a handle (B.7)
    handle_order: the order of the accesses to a handle's state (DEC 17)

    turns: threads run one at a time, and change only at calls of the embedder, suspensions and ends (B.12, P12c)
    contexts: so many thread-local i32 cells the embedder keeps, zero at first (B.12, context.get)
    deterministic: spawning gives 0 and starts nothing (B.12, DEC 22)
    parallelism: what the embedder says of the number of threads that may run at once (B.12, B3)

    where a thread has an instance of its own, made from the module of its creator's (B.1, B.2):
    same: which objects that the creator's instance was linked with the new one is linked with too: all, the memories,
        or the shared memories; instances that the others belong to are made again (DEC 12)
    place: the new instance is made by the creator, before it goes on, or by the new thread (WS3, DEC 11)
    restart: start functions run again, or not (WS4)
    spawn_fails: a thread may fail to start, for no reason (WS2, DEC 10)
    clone: what may be posted to another agent: shared memories and plain data, or data alone (DEC 9)
    scripts: the host runs scripts, one an agent, which send messages
    needs: what the importer of a host function must export: (module, name) of the import -> name and type of the
        function, ANY and None where they are those of the import (DEC 10)
    """

    name: str
    summary: str = ""
    typing: Discipline = PAPER
    model: str = "wasm-threads"
    spawn: str = "fork"
    host: HostImports = field(default_factory=dict)
    types: frozenset[tuple[str, str]] = frozenset()
    unaligned_atomics: Literal["trap", "allow"] = "trap"
    failing_cmpxchg: Literal["read", "rmw"] = "read"
    null_call: Literal["trap", "stuck"] = "trap"
    link_mismatch: Literal["trap", "stuck"] = "trap"
    checked_notify: bool = True
    bulk: Literal["check-once", "recheck"] = "check-once"
    import_size: Literal["current", "minimum"] = "current"
    start: bool = True
    growth: Literal["may-fail", "granted"] = "may-fail"
    cells: Literal["declared", "mutable"] = "declared"
    inherit: Literal["initial", "copy"] = "initial"
    spawn_sync: bool = True
    seg: Literal["unord", "acqrel", "seqcst", "lock", "nop", "inst"] = "seqcst"
    own: Literal["thread", "agent", "component", "nobody"] = "thread"
    trap: Literal["isolate", "agent", "all", "to-joiner"] = "isolate"
    mainret: Literal["isolate", "exit-all"] = "isolate"
    exits: bool = False
    block: Literal["any", "not-main"] = "any"
    same: Literal["all", "memories", "shared"] = "all"
    place: Literal["parent", "child"] = "child"
    restart: Literal["rerun", "skip"] = "rerun"
    spawn_fails: bool = False
    clone: Literal["memory", "data"] = "memory"
    scripts: bool = False
    needs: Mapping[tuple[str, str], tuple[str, FuncType | None]] = field(default_factory=dict)
    link_in: Literal["child", "parent"] = "child"
    handle: Literal["none", "opaque"] = "none"
    handle_order: Literal["seqcst", "unord"] = "seqcst"
    turns: bool = False
    contexts: int = 0
    deterministic: bool = False
    parallelism: int = 2

    @property
    def kills(self) -> bool:
        """Whether threads may be killed: something may end the whole program."""
        return self.exits or self.trap == "all" or self.mainret == "exit-all"


DEFAULT = Profile("fork", "fork and instantiate, sharing written on each definition; the paper repaired (default)")
"""The repaired reading; `semantics.profiles` names it FORK."""
