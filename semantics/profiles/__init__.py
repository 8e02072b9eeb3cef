"""The thread-creation designs and the readings of the paper, as records over one machine (floor 4).

A file holds a design: its record, its instructions, their typing rules and their reduction rules.
"""

from difflib import get_close_matches

from semantics.diagnostics import Span, TextError
from semantics.profiles import (
    create,
    create_module,
    embed,
    fork,
    fork_refs,
    handle,
    module_shared,
    shared_everything,
    tls,
    wasi,
    wavm,
    web,
)
from semantics.runtime.profile import Profile

PROFILES: dict[str, Profile] = {
    p.name: p
    for p in (
        fork.FORK,
        fork.FORK_PAPER,
        fork_refs.FORK_REFS,
        fork_refs.FORK_REFS_UNTYPED,
        create.CREATE,
        create.CREATE_UNCHECKED,
        create.CREATE_HANDLE,
        create_module.CREATE_MODULE,
        create_module.CREATE_MODULE_DYNAMIC,
        embed.EMBED,
        embed.EMBED_CREATE_MODULE,
        embed.EMBED_CREATE_UNCHECKED,
        embed.EMBED_HANDLE,
        embed.EMBED_WAVM_CLONE,
        embed.EMBED_WEB,
        handle.HANDLE,
        handle.HANDLE_UNTYPED,
        module_shared.MODULE_SHARED,
        shared_everything.SHARED_EVERYTHING,
        shared_everything.COOPERATIVE,
        tls.TLS,
        tls.TLS_INHERIT,
        wasi.WASI,
        wasi.WASI_CHILD,
        wasi.WASI_REACTOR,
        wasi.WASI_SKIP,
        wasi.WASI_RELINK,
        wavm.WAVM,
        wavm.WAVM_CLONE,
        web.WEB,
    )
}
"""Every design and every reading of one, by name."""

DESIGNS = (
    "web", "wasi", "create-unchecked", "create", "create-module", "fork-paper", "fork", "fork-refs", "embed", "handle",
    "module-shared", "wavm", "tls", "shared-everything",
)  # fmt: skip
"""The designs of the discussion; the others are readings of these."""

DEFAULT = fork.FORK


def profile(name: str, span: Span | None = None) -> Profile:
    """The design of that name. Raises TextError, with the names that there are."""
    if name in PROFILES:
        return PROFILES[name]
    near = get_close_matches(name, PROFILES, 1)
    hint = f"did you mean {near[0]}?" if near else ""
    raise TextError(f"unknown profile {name}", span, expected=tuple(PROFILES), hint=hint)
