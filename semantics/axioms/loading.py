"""A model file -> `Model`: includes, options, scopes, and the checks that keep a model from being weaker than it looks.

An option that was set earlier wins over a later setting: first the switches of the name, as in `wasm[-dagger]`, then
the file, then what it includes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semantics.axioms.base import INDEXED, PLAIN
from semantics.axioms.model import (
    Base,
    Check,
    CheckKind,
    Definition,
    Expr,
    IndexSort,
    Linearisation,
    Model,
    Ref,
    Sort,
)
from semantics.axioms.parsing import Node, nearest, nodes, parse, span_of
from semantics.axioms.sorts import Elaborator, Entry, index_sort
from semantics.diagnostics import Malformed, Source, Span, TextError, load_source

if TYPE_CHECKING:
    from lark import Token

MODELS = Path(__file__).with_name("models")
ALIASES = {"paper": "wasm", "threads-text": "wasm-threads"}
DEFAULT = "wasm-threads"

_SPEC = re.compile(r"(?P<name>[^\[\]]*)(?:\[(?P<switches>[^\[\]]*)\])?")
_SWITCH = re.compile(r"\s*([+-])\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*")

_Stamp = tuple[tuple[str, int, int], ...]
_memory: dict[str, tuple[_Stamp, Model]] = {}


def shipped_models() -> tuple[str, ...]:
    """Names of the models that ship with weft, sorted."""
    return tuple(sorted(path.stem for path in MODELS.glob("*.cat")))


def load_model(name_or_path: str) -> Model:
    """The model of that name, as `wasm`, `wasm[-dagger,-ddagger]`, an alias, or the path of a .cat file.

    Raises TextError (unknown model or option, syntax, scopes, sorts) and Malformed (empty, not UTF-8), with a span
    where the fault is in a file. Memoised as long as none of the files that were read has changed.
    """
    known = _memory.get(name_or_path)
    if known is not None and known[0] == _stamp(Path(entry[0]) for entry in known[0]):
        return known[1]
    name, path, switches = _resolve(name_or_path)
    loader = _Loader({option: _Setting(on, None) for option, on in switches.items()})
    loader.file(path, _read(path), main=True)
    spec = name + (f"[{','.join(('-', '+')[on] + option for option, on in switches.items())}]" if switches else "")
    model = loader.finish(spec, switches)
    _memory[name_or_path] = (_stamp(loader.files), model)
    return model


def _stamp(files: Iterable[Path]) -> _Stamp:
    found = []
    for path in files:
        try:
            info = path.stat()
        except OSError:
            return ()  # gone: equal to no stamp of a model that was read
        found.append((str(path), info.st_mtime_ns, info.st_size))
    return tuple(found)


def _resolve(spec: str) -> tuple[str, Path, dict[str, bool]]:
    """(name, file, switches) of a model as a user names it."""
    match = _SPEC.fullmatch(spec.strip())
    if match is None or not match["name"].strip():
        raise TextError(f"not a model: {spec!r}", expected=("NAME", "NAME[-option,+option]", "PATH.cat"))
    switches: dict[str, bool] = {}
    for part in (match["switches"] or "").split(",") if match["switches"] is not None else ():
        switch = _SWITCH.fullmatch(part)
        if switch is None:
            raise TextError(f"not a switch of a model: {part.strip()!r}", expected=("+option", "-option"))
        if switch[2] in switches:
            raise TextError(f"option {switch[2]} is switched twice in {spec}")
        switches[switch[2]] = switch[1] == "+"
    name = match["name"].strip()
    if name.endswith(".cat") or "/" in name or "\\" in name:
        return name, Path(name), switches
    name = ALIASES.get(name, name)
    path = MODELS / f"{name}.cat"
    if not path.is_file():
        known = (*shipped_models(), *ALIASES)
        raise TextError(f"unknown model {name}", expected=known, hint=nearest(name, known))
    return name, path, switches


def _read(path: Path) -> Source:
    source = load_source(path)
    return Source(path.name, source.text) if path.parent == MODELS else source


@dataclass(slots=True)
class _Setting:
    on: bool
    span: Span | None
    used: bool = False


@dataclass(slots=True)
class _Loader:
    """The state of one load: settings, names in scope and statements so far."""

    options: dict[str, _Setting]
    declared: set[str] = field(default_factory=set)  # options that some file sets
    files: list[Path] = field(default_factory=list)
    open: list[Path] = field(default_factory=list)  # the chain of includes
    scope: dict[str, Entry] = field(default_factory=dict)
    same: dict[Expr, Expr] = field(default_factory=dict)
    statements: list[Definition | Linearisation] = field(default_factory=list)
    uses: dict[str, set[str]] = field(default_factory=dict)  # definition -> names that it uses
    spare: dict[str, set[str]] = field(default_factory=dict)  # the same, in branches that an option switches off
    off: dict[str, str] = field(default_factory=dict)  # linearisation that is not there -> the option that says so
    own: set[str] = field(default_factory=set)  # definitions of the main file
    checks: list[tuple[Check, Elaborator, bool]] = field(default_factory=list)  # check, its names, whether it is on
    shown: list[str] = field(default_factory=list)
    title: str | None = None
    span: Span | None = None

    def file(self, path: Path, source: Source, *, main: bool) -> None:
        """Reads one file; includes are read where they stand."""
        tree = parse(source)
        self.open.append(path.resolve())
        self.files.append(path.resolve())
        later = {str(b.children[0]) for s in tree.children if s.data in ("let", "let_rec") for b in nodes(s)}
        seen: set[str] = set()
        for statement in nodes(tree):
            match statement.data:
                case "title":
                    self.title = self.title or _unquote(statement.children[0])
                case "include":
                    self._include(path, source, statement)
                case "option":
                    self._option(source, statement, seen)
                case "let" | "let_rec":
                    self._let(source, statement, frozenset(later), main)
                case "linearisation":
                    self._linearisation(source, statement, frozenset(later), main)
                case "check":
                    self._check(source, statement, frozenset(later))
                case "show":
                    self._show(source, statement)
        self.open.pop()
        self.span = Span(source, 1, 1, 1, 2)

    def _include(self, path: Path, source: Source, statement: Node) -> None:
        token = statement.children[0]
        name = _unquote(token)
        span = span_of(source, token)
        found = next((p for p in (path.parent / name, MODELS / name) if p.is_file()), None)
        if found is None:
            raise TextError(f"cannot find the included model {name}", span, hint=nearest(name, _neighbours(path)))
        if found.resolve() in self.open:
            raise TextError(f"{name} includes itself: a cycle of includes", span)
        if found.resolve() in self.files:
            raise TextError(f"{name} is included twice", span)
        self.file(found, _read(found), main=False)

    def _option(self, source: Source, statement: Node, seen: set[str]) -> None:
        name, switch = (str(token) for token in statement.children)
        span = span_of(source, statement.meta)
        if name in seen:
            raise TextError(f"option {name} is set twice in one file", span)
        seen.add(name)
        self.declared.add(name)
        setting = self.options.setdefault(name, _Setting(switch == "on", span))
        setting.span = setting.span or span

    def _elaborator(self, source: Source, later: frozenset[str], **more: Any) -> Elaborator:
        option = partial(self._when, source)
        return Elaborator(source, self.scope, option, later=later, same=self.same, **more)

    def _define(self, source: Source, token: Token, entry: Entry, uses: set[str], spare: set[str], main: bool) -> None:
        name = str(token)
        self._fresh(source, token)
        self.scope[name] = entry
        self.uses[name], self.spare[name] = uses, spare
        if main:
            self.own.add(name)

    def _fresh(self, source: Source, token: Token) -> None:
        name = str(token)
        if name in self.scope:
            raise TextError(f"{name} is defined twice", span_of(source, token))
        if name in PLAIN or name in INDEXED:
            raise TextError(f"{name} is a base set or relation and cannot be defined anew", span_of(source, token))

    def _let(self, source: Source, statement: Node, later: frozenset[str], main: bool) -> None:
        recursive = statement.data == "let_rec"
        bindings = nodes(statement)
        pending = self._pending(source, bindings, later) if recursive else {}
        found: list[tuple[Token, Entry, Elaborator, Definition]] = []
        for binding in bindings:
            token, index, body = binding.children
            name = str(token)
            variable = str(index.children[0]) if index is not None else None
            stated = index_sort(index.children[1]) if index is not None else None
            if recursive and variable is not None:
                raise TextError("a recursive definition takes no index", span_of(source, binding.meta))
            scope = {variable: stated} if variable is not None else {}
            work = self._elaborator(source, later, pending=pending, indices=scope)
            expr = work.run(body, pending.get(name))
            sort = None
            if variable is not None:
                sort = stated or (IndexSort.CELL if variable in work.needs_cell else IndexSort.REGION)
            alias = expr if work.spare and isinstance(expr, Base | Ref) and expr.index is None else None
            entry = Entry(expr.sort, sort, work.choosy or recursive, work.depth, None if recursive else alias)
            span = span_of(source, binding.meta)
            found.append((token, entry, work, Definition(name, variable, sort, expr, recursive, span)))
        group = set().union(*(work.used for _, _, work, _ in found)) if recursive else None
        for token, entry, work, definition in found:
            uses = (group or work.used) - ({str(token)} if recursive else set())
            self._define(source, token, entry, uses, work.spare, main)
            self.statements.append(definition)

    def _pending(self, source: Source, bindings: list[Node], later: frozenset[str]) -> dict[str, Sort]:
        """The names of a recursive group; one is a set only if every use that shows a sort says so."""
        names = {str(b.children[0]) for b in bindings}
        guess = self._elaborator(source, later - names)
        return {str(b.children[0]): guess.guess(b.children[2]) or Sort.RELATION for b in bindings}

    def _linearisation(self, source: Source, statement: Node, later: frozenset[str], main: bool) -> None:
        when, token, domain, order = statement.children
        work = self._elaborator(source, later)
        parts = work.run(domain, Sort.SET), work.run(order, Sort.RELATION)
        self._define(source, token, Entry(Sort.RELATION, None, True, work.depth), work.used, work.spare, main)
        if when is None or self._when(source, when.children[0]):
            self.statements.append(Linearisation(str(token), *parts, span_of(source, statement.meta)))
        else:
            self.off[str(token)] = str(when.children[0])

    def _check(self, source: Source, statement: Node, later: frozenset[str]) -> None:
        when, forall, flag, negated, kind, body, token = statement.children
        on = when is None or self._when(source, when.children[0])
        index = str(forall.children[0]) if forall is not None else None
        sort = (index_sort(forall.children[1]) or IndexSort.CELL) if forall is not None else None
        work = self._elaborator(source, later, indices={index: sort} if index is not None else {})
        kind = CheckKind(str(kind))
        expr = work.run(body, None if kind is CheckKind.EMPTY else Sort.RELATION)
        if any(check.name == str(token) for check, _, _ in self.checks):
            raise TextError(f"two checks are named {token}", span_of(source, token))
        span = span_of(source, statement.meta)
        check = Check(str(token), kind, expr, index, sort, negated is not None, flag is not None, span)
        self.checks.append((check, work, on))

    def _when(self, source: Source, token: Token) -> bool:
        setting = self.options.get(str(token))
        if setting is None or str(token) not in self.declared:
            hint = nearest(str(token), self.declared)
            raise TextError(f"unknown option {token}", span_of(source, token), hint=hint)
        setting.used = True
        return setting.on

    def _show(self, source: Source, statement: Node) -> None:
        for token in statement.children:
            name = str(token)
            entry = self.scope.get(name)
            if entry is None and name not in PLAIN:
                hint = nearest(name, [*self.scope, *PLAIN])
                raise TextError(f"unknown set or relation {name}", span_of(source, token), hint=hint)
            if entry is not None and entry.index is not None:
                raise TextError(f"{name} takes an index: define its union and show that", span_of(source, token))
            if name not in self.shown:
                self.shown.append(name)

    def _reach(self, roots: Iterable[str], *, spare: bool = False) -> set[str]:
        """The names that are used, directly or not; with `spare` those in branches that are switched off too."""
        found: set[str] = set()
        rest = list(roots)
        while rest:
            name = rest.pop()
            if name not in found:
                found.add(name)
                rest.extend(self.uses.get(name, ()))
                rest.extend(self.spare.get(name, ()) if spare else ())
        return found

    def finish(self, name: str, switches: Mapping[str, bool]) -> Model:
        """The model with its options resolved; refuses what is unused or unknown."""
        for option in switches:
            if option not in self.declared:
                hint = nearest(option, self.declared)
                raise TextError(f"model {name.split('[')[0]} has no option {option}", hint=hint)
        for option, setting in self.options.items():
            if not setting.used:
                raise TextError(f"option {option} is never used", setting.span)
        if not self.checks:
            raise Malformed("the model has no check: it would allow everything", self.span)
        named = (work.used | work.spare for _, work, _ in self.checks)
        mentioned = self._reach(set(self.shown).union(*named), spare=True)
        for statement in self.statements:
            if statement.name in self.own and statement.name not in mentioned:
                raise TextError(f"{statement.name} is never used", statement.span)
        roots = {s.name for s in self.statements if isinstance(s, Linearisation)} | set(self.shown)
        reached = self._reach(roots.union(*(work.used for _, work, on in self.checks if on)))
        for name in sorted(reached & self.off.keys()):
            raise TextError(f"{name} is not there: option {self.off[name]} is off", self.span)
        kept = [s for s in self.statements if s.name in reached]
        return Model(
            name=name,
            title=self.title or name,
            definitions=tuple(s for s in kept if isinstance(s, Definition)),
            linearisations=tuple(s for s in kept if isinstance(s, Linearisation)),
            checks=tuple(check for check, _, on in self.checks if on),
            shown=tuple(self.shown),
            options={option: setting.on for option, setting in self.options.items()},
            uses=frozenset(n for n in reached if n not in self.scope),
        )


def _unquote(token: object) -> str:
    return str(token)[1:-1]


def _neighbours(path: Path) -> list[str]:
    """Model files that an include might have meant."""
    return [p.name for folder in (path.parent, MODELS) for p in folder.glob("*.cat")]
