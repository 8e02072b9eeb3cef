"""Merging two files: which imports are resolved, what became of names, and the properties where they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from litmus.checking.convert import check_target, write_module
from litmus.checking.limits import UNLIMITED, Limits
from litmus.checking.merge_properties import MOST_CONTEXTS, Pair, Property, properties
from litmus.language.modules import load_module
from semantics.axioms.model import Model
from semantics.diagnostics import Invalid, NotExpressible, TextError, WeftError
from semantics.merging import ImportRef, Merged, Renamed, merge
from semantics.profiles.fork import FORK
from semantics.runtime.profile import Profile
from semantics.syntax.modules import Import, Module
from semantics.validation import PAPER, THREADS, Discipline, validate

DEPLOYED = replace(THREADS, name="threads, several memories", several_memories=True)
"""Today's rules, but for the one memory: what a merge of two of today's modules needs."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Two valid modules, what reports call them, and the rules by which both are valid."""

    modules: tuple[Module, Module]
    names: tuple[str, str]
    stems: tuple[str, str]
    discipline: Discipline


@dataclass(frozen=True, slots=True)
class Checked:
    """The properties under one model; `observed` are the parts of the final store that were compared."""

    model: str
    observed: tuple[str, ...]
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What was done.

    `resolved`: importer, import, provider, export; `open`: module, import, and why it stays open where one would expect
    otherwise; `fused`: module, import, and the module whose equal import stands for it; `lost`: module and its custom
    sections; `size` in bytes is None where nothing was written.
    """

    names: tuple[str, str]
    first: str
    """The module that the host of the linked pair instantiates first."""
    resolved: tuple[tuple[str, str, str, str], ...]
    open: tuple[tuple[str, str, str], ...]
    fused: tuple[tuple[str, str, str], ...]
    renamed: tuple[Renamed, ...]
    lost: tuple[tuple[str, tuple[str, ...]], ...]
    target: str
    size: int | None
    checked: tuple[Checked, ...]
    discipline: str


def merge_files(
    sources: tuple[Path, Path],
    target: Path | None,
    links: Sequence[str] = (),
    models: Sequence[Model] = (),
    *,
    profile: Profile | None = None,
    limits: Limits = UNLIMITED,
    contexts: int = MOST_CONTEXTS,
    fuse: bool = False,
) -> MergeReport:
    """Merges two files, writes the result to `target`, and checks the properties under each of `models`: in the design
    `profile`, by whose typing rules the modules must be valid; else in the design `fork`, by the rules that fit them.

    Raises what is wrong with the modules, with a link or with the target, and LinkError where step 1 fails.
    """
    if target is not None:
        check_target(target)
    loaded = load_pair(sources, profile)
    modules = loaded.modules
    rho = explicit_links(loaded, links) if links else default_links(loaded)
    merged = merge(modules, rho, fuse=fuse)
    size = write_module(merged.module, target) if target is not None else None
    checked = []
    for model in models:
        pair = Pair(modules, merged, model, profile or FORK, loaded.discipline, loaded.names, limits, contexts)
        checked.append(Checked(model.name, pair.closing.observed, properties(pair)))
    names = loaded.names
    return MergeReport(
        names,
        names[merged.order[0]],
        tuple(
            (names[at.side], spelled(modules[at.side].imports[at.position]), names[1 - at.side], export)
            for at, export in merged.links.items()
        ),
        tuple(_open(loaded, merged, at, explicit=bool(links)) for at in merged.imports),
        tuple(
            (names[at.side], spelled(modules[at.side].imports[at.position]), names[same.side])
            for at, same in merged.fused.items()
        ),
        merged.renamed,
        tuple(
            (name, tuple(c.name or "(no name)" for c in module.customs))
            for name, module in zip(names, modules, strict=True)
            if module.customs
        ),
        str(target) if target is not None else "",
        size,
        tuple(checked),
        loaded.discipline.name,
    )


def spelled(wanted: Import) -> str:
    """An import in words."""
    return f'"{wanted.module}" "{wanted.name}"'


# --- modules --------------------------------------------------------------------------------------
def load_pair(sources: tuple[Path, Path], profile: Profile | None = None) -> Loaded:
    """Reads and validates two files by the same rules: the design's where one is given; else the paper's for text,
    today's where one is a binary; the others where those do not do.

    Raises what reading raises, and Invalid.
    """
    modules = load_module(sources[0]), load_module(sources[1])
    if profile is not None:
        discipline = profile.typing
        for module in modules:
            validate(module, discipline)
    else:
        discipline = _rules(modules, binary=any(s.suffix == ".wasm" for s in sources))
    stems = sources[0].stem, sources[1].stem
    return Loaded(modules, stems if stems[0] != stems[1] else ("first", "second"), stems, discipline)


def _rules(modules: tuple[Module, Module], *, binary: bool) -> Discipline:
    errors: dict[str, WeftError] = {}
    preferred = (DEPLOYED, PAPER) if binary else (PAPER, DEPLOYED)
    for discipline in preferred:
        try:
            for module in modules:
                validate(module, discipline)
        except (Invalid, NotExpressible) as error:
            errors[discipline.name] = error
        else:
            return discipline
    raise errors[preferred[0].name]


# --- rho ------------------------------------------------------------------------------------------
def default_links(loaded: Loaded) -> dict[ImportRef, str]:
    """Each module's exports for those imports of the other that name it, by its $name or by its file."""
    found: dict[ImportRef, str] = {}
    for side, module in enumerate(loaded.modules):
        known, exports = _known(loaded, 1 - side), {e.name for e in loaded.modules[1 - side].exports}
        for position, wanted in enumerate(module.imports):
            if wanted.module in known and wanted.name in exports:
                found[ImportRef(side, position)] = wanted.name
    return found


def _known(loaded: Loaded, side: int) -> set[str]:
    """What imports may call a module."""
    return {loaded.stems[side], (loaded.modules[side].binding or "").removeprefix("$")} - {""}


def explicit_links(loaded: Loaded, links: Sequence[str]) -> dict[ImportRef, str]:
    """The links that are spelled `module.name=export`; one means every import of that name that the other module has
    such an export for.

    Raises TextError for a link that means none.
    """
    found: dict[ImportRef, str] = {}
    for link in links:
        pairs = _meant(loaded, link)
        if not pairs:
            imports = [f"{i.module}.{i.name}" for m in loaded.modules for i in m.imports]
            exports = [e.name for m in loaded.modules for e in m.exports]
            hint = f"imports: {', '.join(imports) or 'none'}; exports: {', '.join(exports) or 'none'}"
            raise TextError(f"--link {link}: no such import, or no such export of the other module", hint=hint)
        found.update(pairs)
    return found


def _meant(loaded: Loaded, link: str) -> dict[ImportRef, str]:
    """The pairs that a link may mean; names may have `.` and `=` in them."""
    found: dict[ImportRef, str] = {}
    for side, module in enumerate(loaded.modules):
        for position, wanted in enumerate(module.imports):
            for e in loaded.modules[1 - side].exports:
                if link == f"{wanted.module}.{wanted.name}={e.name}":
                    found[ImportRef(side, position)] = e.name
    return found


def _open(loaded: Loaded, merged: Merged, at: ImportRef, *, explicit: bool) -> tuple[str, str, str]:
    wanted = loaded.modules[at.side].imports[at.position]
    why = ""
    if wanted.module in _known(loaded, 1 - at.side):
        why = "no --link names it" if explicit else f"{loaded.names[1 - at.side]} exports no such name"
    return loaded.names[at.side], spelled(wanted), why
