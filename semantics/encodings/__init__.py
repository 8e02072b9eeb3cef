"""Encodings of systems.md B.14, "who can polyfill whom" (floor 6): X1, X2, X5 to X9 (X7: under EQ-9), X11.

A file holds a translation of programs with its fragment. `generator` writes random programs of the fragments, in the
`styles` of the designs; that both sides have equal outcomes is checked in `litmus.checking.encodings`.
"""

from __future__ import annotations

from semantics.encodings.contexts import not_equivalent, reinstantiated
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
from semantics.encodings.parameters import not_passable, passed
from semantics.encodings.references import auxiliary, not_from_main
from semantics.encodings.styles import CELLS, CONTEXTS, FORKS, HANDLES, MODULES, REFERENCES
from semantics.encodings.workers import not_of_web, workers
from semantics.profiles.create import CREATE, CREATE_UNCHECKED
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
from semantics.profiles.handle import HANDLE
from semantics.profiles.module_shared import MODULE_SHARED
from semantics.profiles.tls import TLS
from semantics.profiles.wavm import WAVM
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
        "X5",
        CREATE,
        FORK_GROWING,
        "thread.create_ref by fork of an auxiliary function: equal outcomes, but for the names of threads",
        "only the main thread uses create_ref, in no nested module, on a reference that is a function of the type; "
        "tables can grow",
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
