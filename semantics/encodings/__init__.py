"""Encodings of systems.md B.14, "who can polyfill whom" (floor 6): X1, X3, X5 to X9, X11.

A file holds a translation of programs with its fragment. `generator` writes random programs of the fragments, in the
`styles` of the designs; that both sides have equal outcomes is checked in `litmus.checking.encodings`.
"""

from __future__ import annotations

from dataclasses import replace

from semantics.encodings.contexts import annotated, not_annotable, not_equivalent, reinstantiated
from semantics.encodings.elaboration import elaborated
from semantics.encodings.embedding import embedded, instantiates
from semantics.encodings.encoding import Encoding
from semantics.encodings.generator import random_program
from semantics.encodings.handles import cells, not_joining
from semantics.encodings.parameters import not_passable, passed
from semantics.encodings.references import auxiliary, not_from_main
from semantics.encodings.styles import CELLS, CONTEXTS, FORKS, HANDLES, INSTANCES, MODULES, REFERENCES, THREADS
from semantics.encodings.wasi import forked, not_forked, not_posted, posted
from semantics.encodings.workers import not_of_web, workers
from semantics.profiles.create import CREATE, CREATE_TLS, CREATE_TLS_INHERIT
from semantics.profiles.embed import EMBED
from semantics.profiles.fork import FORK, FORK_GROWING
from semantics.profiles.fork_refs import FORK_REFS_ATOMICS
from semantics.profiles.handle import HANDLE
from semantics.profiles.module_shared import MODULE_SHARED
from semantics.profiles.tls import TLS
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
        "X3",
        WASI_REACTOR,
        WEB,
        "thread-spawn by Web workers that number their children: equal outcomes, but for the names of threads",
        "the module of threads imports shared memories alone; numbers of threads are unused; no proc_exit, nothing "
        "traps; the main agent does not wait",
        posted,
        not_posted,
        lambda rng: random_program(rng, WASI_REACTOR, THREADS),
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
        lambda rng: random_program(rng, WASI_REACTOR, replace(THREADS, threads=2)),
        "main",
    ),
    Encoding(
        "X5",
        CREATE,
        FORK_GROWING,
        "thread.create_ref by fork of an auxiliary function: equal outcomes, but for the names of threads",
        "only the main thread uses create_ref, on a reference that is a function of the type; tables can grow",
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
        "fork_h, join and detach; a fork_h runs once at most; results of one numeric type; nothing traps",
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
        lambda rng: random_program(rng, WAVM, INSTANCES),
    ),
    Encoding(
        "X7-clone",
        WAVM_CLONE,
        CREATE_TLS_INHERIT,
        "cloned contexts by thread-local globals that are inherited: equal outcomes",
        "as X7-tls",
        annotated,
        not_annotable,
        lambda rng: random_program(rng, WAVM_CLONE, INSTANCES),
    ),
    Encoding(
        "X8",
        TLS,
        FORK,
        "thread-local globals by further parameters and results of every function: equal outcomes",
        "thread-local globals are numeric and of one module, no functions by reference, the host calls once",
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
        "fork by the import of an embedder that forks (P6(D) = D): equal outcomes",
        "every valid program that does not instantiate",
        embedded,
        instantiates,
        lambda rng: random_program(rng, FORK, FORKS),
    ),
)

ENCODINGS: dict[str, Encoding] = {e.name: e for e in _ALL}
"""Every encoding, by name."""
