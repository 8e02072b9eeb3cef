"""Encodings of systems.md B.14, "who can polyfill whom" (floor 6).

A file holds a translation of programs with its fragment. `generator` writes random programs of the fragments, in the
`styles` of the designs; that both sides have equal outcomes is checked in `litmus.checking.encodings`.
"""

from __future__ import annotations

from dataclasses import replace

from semantics.encodings.contexts import annotated, not_annotable, not_equivalent, reinstantiated
from semantics.encodings.create_module import booting, not_in_place
from semantics.encodings.elaboration import elaborated
from semantics.encodings.embedding import embedded, embedded_creations, embedded_handles, not_creating, not_of_one_type
from semantics.encodings.embedding_instances import (
    embedded_modules,
    embedded_workers,
    not_of_code,
    not_of_own_functions,
)
from semantics.encodings.encoding import Encoding
from semantics.encodings.generator import random_program
from semantics.encodings.handles import cells, not_joining
from semantics.encodings.instances import CHECKED, CREATIONS, INSTANCES, THREADS, UNCHECKED, WORKERS
from semantics.encodings.instantiation import hosted, not_hosted
from semantics.encodings.lifting import lifted, not_liftable
from semantics.encodings.parameters import not_passable, passed
from semantics.encodings.references import auxiliary, not_from_main
from semantics.encodings.shared_everything import not_preemptive, preemptive
from semantics.encodings.styles import (
    BOOTS,
    CELLS,
    COMPONENT,
    CONTEXTS,
    FORKS,
    FUNCTIONS,
    HANDLES,
    MODULES,
    ONE_INSTANCE,
    REFERENCES,
    WASI_THREADS,
)
from semantics.encodings.wasi import forked, not_forked, not_posted, posted
from semantics.encodings.workers import not_of_web, workers
from semantics.profiles.create import CREATE, CREATE_TLS, CREATE_TLS_INHERIT, CREATE_UNCHECKED
from semantics.profiles.create_module import CREATE_MODULE
from semantics.profiles.embed import (
    EMBED,
    EMBED_CREATE_MODULE,
    EMBED_CREATE_UNCHECKED,
    EMBED_HANDLE,
    EMBED_WEB,
    FORK_HOSTED,
)
from semantics.profiles.fork import FORK, FORK_GROWING
from semantics.profiles.fork_refs import FORK_REFS_ATOMICS, FORK_REFS_UNTYPED
from semantics.profiles.handle import HANDLE
from semantics.profiles.module_shared import MODULE_SHARED
from semantics.profiles.shared_everything import SHARED_EVERYTHING
from semantics.profiles.tls import TLS, TLS_GROWING
from semantics.profiles.wasi import WASI_REACTOR
from semantics.profiles.wavm import WAVM, WAVM_CLONE
from semantics.profiles.web import WEB

__all__ = ["ENCODINGS", "Encoding"]

_ALL = (
    Encoding(
        "X1",
        FORK,
        WEB,
        "fork by Web workers that instantiate the module again: equal outcomes",
        "shared: only imported memories and immutable numeric globals; numeric fork arguments; no start function, "
        "no active segments, no segments in shared functions; the main agent does not wait",
        workers,
        not_of_web,
        lambda rng: random_program(rng, FORK, FORKS),
    ),
    Encoding(
        "X2",
        FORK,
        FORK_HOSTED,
        "instantiate by imports from the embedder: equal outcomes, for its failure is a trap",
        "what shared code instantiates has shared imports and exports only, and so has what that code instantiates",
        hosted,
        not_hosted,
        lambda rng: random_program(rng, FORK, INSTANCES),
    ),
    Encoding(
        "X3",
        WASI_REACTOR,
        WEB,
        "thread-spawn by Web workers that number their children: equal outcomes, but for the names of threads",
        "the module of threads imports shared memories alone; numbers of threads are unused; no proc_exit, nothing "
        "traps; the main agent does not wait",
        posted,
        not_posted,
        lambda rng: random_program(rng, WASI_REACTOR, WASI_THREADS),
        "main",
    ),
    Encoding(
        "X3-fork",
        WASI_REACTOR,
        FORK_REFS_ATOMICS,
        "thread-spawn by fork of a function that instantiates the module: equal outcomes, but for the names of threads",
        "as X3, but the main thread may wait",
        forked,
        not_forked,
        lambda rng: random_program(rng, WASI_REACTOR, replace(WASI_THREADS, threads=2)),
        "main",
    ),
    Encoding(
        "X4",
        CREATE_MODULE,
        FORK_REFS_UNTYPED,
        "thread.create_mod by fork of a function that instantiates: equal outcomes, but for the names of threads",
        "a module reference is one in place, below the externals",
        booting,
        not_in_place,
        lambda rng: random_program(rng, CREATE_MODULE, BOOTS),
        "main",
    ),
    Encoding(
        "X4-fork-refs",
        FORK_REFS_UNTYPED,
        CREATE_MODULE,
        "fork by a module for each forked function, whose start function is its copy: equal outcomes",
        "no thread forks its like; the host starts none; functions known by reference do not fork; threads call "
        "nothing imported, and use no segments but passive data that nobody drops",
        lifted,
        not_liftable,
        lambda rng: random_program(rng, FORK_REFS_UNTYPED, FUNCTIONS),
    ),
    Encoding(
        "X5",
        CREATE,
        FORK_GROWING,
        "thread.create_ref by fork of an auxiliary function: equal outcomes, but for the names of threads",
        "only the main thread uses create_ref, in no nested module, on a reference that is a function of the type; "
        "tables can grow, the program does not",
        auxiliary,
        not_from_main,
        lambda rng: random_program(rng, CREATE, REFERENCES),
        "main",
    ),
    Encoding(
        "X6",
        HANDLE,
        FORK,
        "handles by wait and notify on cells of a memory: equal outcomes, but for the names of threads",
        "fork_h, join and detach; a fork_h runs once at most; results of one numeric type; nothing traps; handles stay "
        "in their module, which is not nested",
        cells,
        not_joining,
        lambda rng: random_program(rng, HANDLE, HANDLES),
        "main",
    ),
    Encoding(
        "X7",
        WAVM,
        WEB,
        "contexts by Web workers that instantiate the module once (EQ-9): equal outcomes",
        "no start function, no active segments, no segment dropped, no table changed, the memory imported, no mutable "
        "global imported, threads entered by function index, ids unused; the main agent does not wait",
        reinstantiated,
        not_equivalent,
        lambda rng: random_program(rng, WAVM, CONTEXTS),
    ),
    Encoding(
        "X7-tls",
        WAVM,
        CREATE_TLS,
        "contexts by thread-local globals, with their initial values (P3u + tls): equal outcomes",
        "threads entered by function index, ids unused; mutable globals are numeric",
        annotated,
        not_annotable,
        lambda rng: random_program(rng, WAVM, ONE_INSTANCE),
    ),
    Encoding(
        "X7-clone",
        WAVM_CLONE,
        CREATE_TLS_INHERIT,
        "cloned contexts by thread-local globals that are inherited: equal outcomes",
        "as X7-tls",
        annotated,
        not_annotable,
        lambda rng: random_program(rng, WAVM_CLONE, ONE_INSTANCE),
    ),
    Encoding(
        "X8",
        TLS,
        FORK,
        "thread-local globals by further parameters and results of every function: equal outcomes",
        "thread-local globals are numeric and of one module, not nested, no functions by reference, the host calls "
        "once",
        passed,
        not_passable,
        lambda rng: random_program(rng, TLS, CELLS),
    ),
    Encoding(
        "X9",
        MODULE_SHARED,
        FORK,
        "the attribute of a module by attributes of its definitions: equal outcomes",
        "every valid program",
        elaborated,
        lambda _: "",
        lambda rng: random_program(rng, MODULE_SHARED, MODULES),
    ),
    Encoding(
        "X10",
        SHARED_EVERYTHING,
        TLS_GROWING,
        "the component's threads by fork, thread-local globals and an auxiliary function: equal outcomes, but for the "
        "names of threads",
        "nothing traps or grows; indices are unused, one module has a context; the main thread alone spawns by "
        "reference or of a table; no exchanges in tables",
        preemptive,
        not_preemptive,
        lambda rng: random_program(rng, SHARED_EVERYTHING, COMPONENT),
        "main",
    ),
    Encoding(
        "X11",
        FORK,
        EMBED,
        "fork and instantiate by imports from an embedder that does so (P6(D) = D): equal outcomes",
        "as X2",
        embedded,
        not_hosted,
        lambda rng: random_program(rng, FORK, INSTANCES),
    ),
    Encoding(
        "X11-create",
        CREATE,
        EMBED,
        "thread.create and instantiate by imports from an embedder that forks and instantiates: equal outcomes",
        "as X2",
        embedded_creations,
        not_creating,
        lambda rng: random_program(rng, CREATE, CHECKED),
    ),
    Encoding(
        "X11-create-unchecked",
        CREATE_UNCHECKED,
        EMBED_CREATE_UNCHECKED,
        "thread.create and instantiate by imports from an embedder that does so: equal outcomes",
        "as X2",
        embedded_creations,
        not_creating,
        lambda rng: random_program(rng, CREATE_UNCHECKED, UNCHECKED),
    ),
    Encoding(
        "X11-create-module",
        CREATE_MODULE,
        EMBED_CREATE_MODULE,
        "thread.create_mod and instantiate by imports from an embedder that does so: equal outcomes",
        "as X2; what runs as a thread does neither itself, externals are what one instruction gives, not ref.memory, "
        "ref.table or ref.global",
        embedded_modules,
        not_of_code,
        lambda rng: random_program(rng, CREATE_MODULE, CREATIONS),
    ),
    Encoding(
        "X11-handle",
        HANDLE,
        EMBED_HANDLE,
        "threads with handles, and instantiate, by imports from an embedder that has them: equal outcomes",
        "as X2; the handles of a module have one type",
        embedded_handles,
        not_of_one_type,
        lambda rng: random_program(rng, HANDLE, THREADS),
    ),
    Encoding(
        "X11-web",
        WEB,
        EMBED_WEB,
        "workers by a spawn_func of an embedder that makes the thread an instance of its own: equal outcomes",
        "a worker runs a function of the module itself, which has no results; who starts workers is called by index",
        embedded_workers,
        not_of_own_functions,
        lambda rng: random_program(rng, WEB, WORKERS),
    ),
)

ENCODINGS: dict[str, Encoding] = {e.name: e for e in _ALL}
"""Every encoding, by name."""
