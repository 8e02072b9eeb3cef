"""Main tests, written once for every design: what `spawn $f` and `await x` stand for (FORMAT.md, "Main tests").

It works on forms, before short forms are expanded. What a design cannot say at all is refused by name; attributes of
functions that a design does not have are dropped, for they say only that a function may run elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from litmus.language.signatures import definitions, name_of
from semantics.diagnostics import NotExpressible, Source, Span
from semantics.runtime.discipline import Sort
from semantics.runtime.profile import Profile
from semantics.text.sexpr import Form, Item, Text, Word, read_forms, text_of

ENVIRONMENT = "env"
"""The instance that has the test's memory."""


class Spawned(NamedTuple):
    """A function that some code spawns: its name, its definition, its parameters; `span` is where it is spawned."""

    name: str
    field: Form
    params: tuple[str, ...]
    span: Span

    @property
    def plain(self) -> str:
        """The name without its `$`."""
        return self.name[1:]


@dataclass(frozen=True, slots=True)
class SpawnForm:
    """How one design writes `spawn $f a*`.

    word: the instruction that takes the place of `spawn`, where the design has one that takes a function
    imports: else, what the host must provide, as text of module fields
    body: and the body of the function `$spawn.f` that is called in its place, as text
    entry: what $f must look like: (params, results) as text to add to it, and the code at its end
    module: the fields of the test's module without `$f`'s spawning go to a module of the thread's own
    erases: the attributes of functions say nothing here
    pause: what lets other threads run, where they take turns: the import that it needs, and the call, as text
    """

    word: str | None = None
    imports: Callable[[Spawned], str] = lambda _: ""
    body: Callable[[Spawned], str] = lambda _: ""
    entry: Callable[[Spawned], tuple[str, str]] | None = None
    module: bool = False
    erases: bool = False
    pause: tuple[str, str] | None = None


def _operands(f: Spawned) -> str:
    return " ".join(f"(local.get {i})" for i in range(len(f.params)))


def _one_argument(f: Spawned, profile: str) -> None:
    """A design hands one i32 to a thread."""
    if f.params not in ((), ("i32",)):
        raise NotExpressible(profile, f"a thread that takes {' '.join(f.params)}", f.span)


def _argument(f: Spawned) -> str:
    return "(local.get 0)" if f.params else "(i32.const 0)"


def _unused(f: Spawned) -> str:
    return "" if f.params else "(param i32)"


FORMS: dict[str, SpawnForm] = {
    "fork": SpawnForm("fork"),
    "thread.create": SpawnForm("thread.create"),
    "fork_h": SpawnForm(body=lambda f: f"(drop (fork_h {f.name} {_operands(f)}))"),
    "worker": SpawnForm(
        imports=lambda f: f'(func $worker.{f.plain} (import "worker" "{f.plain}") (param {" ".join(f.params)}))',
        body=lambda f: f"(call $worker.{f.plain} {_operands(f)})",
        entry=lambda f: (f'(export "{f.plain}")', ""),
    ),
    "thread-spawn": SpawnForm(
        imports=lambda f: '(func $thread-spawn (import "wasi" "thread-spawn") (param i32) (result i32))',
        body=lambda f: f"(drop (call $thread-spawn {_argument(f)}))",
        entry=lambda f: (f'(export "wasi_thread_start") (param $tid i32) {_unused(f)}', ""),
    ),
    "createThread": SpawnForm(
        imports=lambda f: '(func $createThread (import "wavm" "createThread") (param funcref i32) (result i64))',
        body=lambda f: f"(drop (call $createThread (ref.func {f.name}) {_argument(f)}))",
        entry=lambda f: (f"{_unused(f)} (result i64)", "(i64.const 0)"),
    ),
    "thread.spawn-ref": SpawnForm(
        imports=lambda f: (
            '(func $thread.spawn-ref (import "component" "thread.spawn-ref") shared (param (shared funcref) i32)'
            " (result i32))"
        ),
        body=lambda f: f"(drop (call $thread.spawn-ref (ref.func {f.name}) {_argument(f)}))",
        entry=lambda f: (_unused(f), ""),
    ),
    "thread.spawn-ref (cooperative)": SpawnForm(
        imports=lambda f: (
            '(func $thread.spawn-ref (import "component" "thread.spawn-ref") (param funcref i32) (result i32))'
        ),
        body=lambda f: f"(drop (call $thread.spawn-ref (ref.func {f.name}) {_argument(f)}))",
        entry=lambda f: (_unused(f), ""),
        pause=(
            '(func $thread.yield (import "component" "thread.yield") (result i32))',
            "(drop (call $thread.yield))",
        ),
    ),
    "spawn_func": SpawnForm(
        imports=lambda f: (
            f'(func $spawn_func.{f.plain} (import "thread" "spawn_func") shared'
            f" (param (shared funcref) {' '.join(f.params)}) (result (shared externref)))"
        ),
        body=lambda f: f"(drop (call $spawn_func.{f.plain} (ref.func {f.name}) {_operands(f)}))",
        entry=lambda f: (f'(export "{f.plain}")', ""),
    ),
    "spawn_module": SpawnForm(),  # no program: see _check
    "thread.create h": SpawnForm(
        imports=lambda f: '(import "thread" "handle" (type $thread.handle opaque))',
        body=lambda f: f"(drop (thread.create {f.name} {_operands(f)}))",
    ),
    "thread.create_mod": SpawnForm(
        body=lambda f: f"(ref.module $thread.{f.plain}) (ref.memory $memory) (thread.create_mod 1)",
        module=True,
        erases=True,
    ),
}
"""By Profile.spawn."""

ONE_ARGUMENT = frozenset(("thread-spawn", "createThread", "thread.spawn-ref", "thread.spawn-ref (cooperative)"))
ONE_ENTRY = frozenset(("thread-spawn",))


def elaborate(
    text: Text, prelude: list[Item], main: list[Item], memory: str, profile: Profile, at: int
) -> tuple[list[Item], list[Item]]:
    """The fields of the test's module and the code of its main thread, as the design writes them.

    `memory` is the memory's type as text. Raises NotExpressible for what the design cannot say, TextError for a
    `spawn` of what is no function of the module.
    """
    form = FORMS[profile.spawn]
    known = definitions(prelude)
    functions = {name_of(f) or "": f for f in prelude if isinstance(f, Form) and f.head == "func"}
    spawned: dict[str, Spawned] = {}
    for word, name in _spawns([*prelude, *main]):
        if name is None or name[0] not in known.functions:
            place = word if name is None else name
            raise text.error(
                "spawn needs a function of the module", place[1], place[1] + len(place[0]), expected=tuple(functions)
            )
        field = functions[name[0]]
        assert isinstance(field, Form)  # a function of `functions`
        span = text.span(word[1], word[1] + len(word[0]))
        spawned.setdefault(name[0], Spawned(name[0], field, known.functions[name[0]].operands, span))
    _check(text, prelude, spawned, profile, form)
    imports = [_snippet(f'(memory $memory (import "{ENVIRONMENT}" "memory") {memory})', at)]
    erased = erases(profile)
    fields = without_attributes(prelude, profile)
    wrappers: list[Item] = []
    provided: list[str] = []
    share = "" if erased else "shared"
    for f in spawned.values() if form.word is None else ():
        wanted = _without_shared(form.imports(f)) if erased else form.imports(f)
        if wanted and wanted not in provided:
            provided.append(wanted)
            imports.append(_snippet(wanted, at))
        params = f"(param {' '.join(f.params)})" if f.params else ""
        wrappers.append(_snippet(f"(func $spawn.{f.plain} {share} {params} {form.body(f)})", at))
        if form.module:
            wrappers.append(_own_module(f, fields, imports[0], at))
    if form.entry is not None:
        fields = [_entry(f, spawned, form.entry, at) for f in fields]
    if form.pause is not None and any(_waits(items) for items in (fields, main)):
        imports.append(_snippet(form.pause[0], at))
    here, there = (_rewritten([*items], form) for items in (fields, main))
    return [*flag(prelude, profile, at), *imports, *here, *wrappers], there


def _without_shared(field: str) -> str:
    """A field of ours without attributes."""
    return re.sub(r"\(shared (\w+)\)", r"\1", field).replace(" shared ", " ")


def flag(fields: list[Item], profile: Profile, at: int) -> list[Item]:
    """`shared`, for a module whose functions would be, in a design that writes the attribute on modules."""
    shared = any(isinstance(f, Form) and f.head == "func" and "shared" in _words(f) for f in fields)
    return [("shared", at)] if profile.typing.gran == "module" and shared else []


def without_attributes(fields: list[Item], profile: Profile) -> list[Item]:
    """The fields of a module without the attributes of functions, where they say nothing in this design. Where the
    module has the attribute, imports keep theirs: what is imported has a type of its own."""
    if not erases(profile):
        return fields
    keep = "import" if profile.typing.gran == "module" else ""
    return [field if isinstance(field, Form) and field.head == keep else _erased(field) for field in fields]


def erases(profile: Profile) -> bool:
    """Whether attributes of functions say nothing in main tests under this design."""
    form, typing = FORMS[profile.spawn], profile.typing
    return form.erases or Sort.FUNC not in typing.shared or typing.gran == "module" or typing.entry == "none"


def _check(text: Text, prelude: list[Item], spawned: Mapping[str, Spawned], profile: Profile, form: SpawnForm) -> None:
    if profile.spawn == "spawn_module" and spawned:  # the embedder knows no instruction that hands on the memory
        raise NotExpressible(profile.name, "references to own definitions", next(iter(spawned.values())).span)
    if profile.spawn in ONE_ARGUMENT:
        for f in spawned.values():
            _one_argument(f, profile.name)
    if profile.spawn in ONE_ENTRY and len(spawned) > 1:
        second = list(spawned.values())[1]
        raise NotExpressible(profile.name, "two functions that threads begin with", second.span)
    if form.module and spawned:
        for f in spawned.values():
            if f.params:
                raise NotExpressible(profile.name, "arguments of a thread that is a module", f.span)
        for field in prelude:
            if isinstance(field, Form) and field.head in ("start", "import"):
                what = "a start function beside the thread" if field.head == "start" else "imports of a thread"
                raise NotExpressible(profile.name, what, text.span(field.begin, field.end))


def _spawns(items: list[Item]) -> Iterator[tuple[Word, Word | None]]:
    """Every word `spawn` with the word behind it."""
    for index, item in enumerate(items):
        if isinstance(item, Form):
            yield from _spawns(item.items)
        elif item[0] == "spawn":
            following = items[index + 1] if index + 1 < len(items) else None
            yield item, None if following is None or isinstance(following, Form) else following


def _waits(items: list[Item]) -> bool:
    """Whether there is an `await`."""
    return any(_waits(i.items) if isinstance(i, Form) else i[0] == "await" for i in items)


def _rewritten(items: list[Item], form: SpawnForm) -> list[Item]:
    """`spawn $f` as the design's instruction or as a call of `$spawn.f`; `await x` as the loop that it is, in which
    others get their turn where threads take turns."""
    out: list[Item] = []
    index = 0
    while index < len(items):
        item = items[index]
        following = items[index + 1] if index + 1 < len(items) else None
        if isinstance(item, Form):
            out.append(Form(item.begin, item.end, _rewritten(item.items, form)))
        elif item[0] == "spawn" and following is not None and not isinstance(following, Form):
            out.append((form.word or "call", item[1]))
            out.append(following if form.word else ("$spawn." + following[0][1:], following[1]))
            index += 1
        elif item[0] == "await" and following is not None:
            load = Form(item[1], item[1], [("i32.atomic.load", item[1]), following])
            test = Form(item[1], item[1], [("i32.eqz", item[1]), load])
            if form.pause is None:
                again = Form(item[1], item[1], [("br_if", item[1]), ("$await", item[1]), test])
            else:
                then = _snippet(f"(then {form.pause[1]} (br $await))", item[1])
                again = Form(item[1], item[1], [("if", item[1]), test, then])
            out.append(Form(item[1], item[1], [("loop", item[1]), ("$await", item[1]), again]))
            index += 1
        else:
            out.append(item)
        index += 1
    return out


def _erased(field: Item) -> Item:
    """A function, defined or imported, without its attribute."""
    if isinstance(field, Form) and field.head == "import":
        return Form(field.begin, field.end, [_erased(item) for item in field.items])
    if not isinstance(field, Form) or field.head != "func":
        return field
    kept = [item for item in field.items if isinstance(item, Form) or item[0] != "shared"]
    return Form(field.begin, field.end, kept)


def _entry(field: Item, spawned: Mapping[str, Spawned], entry: Callable[[Spawned], tuple[str, str]], at: int) -> Item:
    """A spawned function with what the design wants of the first function of a thread: exports and parameters go
    before its own parameters, but for the one that stands for an argument that is not used."""
    f = spawned.get(name_of(field) or "")
    if f is None or not isinstance(field, Form):
        return field
    header, code = (_snippets(part, at) for part in entry(f))
    index = 3 if len(field.items) > 2 and _is_word(field.items[2], "shared") else 2
    exports = [h for h in header if isinstance(h, Form) and h.head == "export"]
    params = [h for h in header if isinstance(h, Form) and h.head == "param"]
    results = [h for h in header if isinstance(h, Form) and h.head == "result"]
    own = list(takewhile(lambda i: isinstance(i, Form) and i.head in ("param", "export"), field.items[index:]))
    rest = field.items[index + len(own) :]
    return Form(field.begin, field.end, [*field.items[:index], *exports, *params, *own, *results, *rest, *code])


def _own_module(f: Spawned, fields: list[Item], memory: Form, at: int) -> Form:
    """The module that is a thread: the test's definitions, with $f as start function; active data stays at home."""
    kept = [
        field
        for field in fields
        if not isinstance(field, Form) or (field.head != "start" and not (field.head == "data" and _active(field)))
    ]
    start = _snippet(f"(start {f.name})", at)
    return Form(at, at, [("module", at), (f"$thread.{f.plain}", at), memory, *kept, start])


def _active(data: Form) -> bool:
    return any(isinstance(item, Form) for item in data.items[1:])


def _is_word(item: Item, word: str) -> bool:
    return not isinstance(item, Form) and item[0] == word


def _words(field: Item | None) -> list[str]:
    return [item[0] for item in field.items if not isinstance(item, Form)] if isinstance(field, Form) else []


def _snippet(source: str, at: int) -> Form:
    [form] = _snippets(source, at)
    assert isinstance(form, Form)
    return form


def _snippets(source: str, at: int) -> list[Item]:
    """Forms of our own text, all of which stand at one place of the test."""
    found = text_of(Source("spawn", source))
    return [_placed(item, at) for item in read_forms(found, 0, len(source)).items]


def _placed(item: Item, at: int) -> Item:
    if isinstance(item, Form):
        return Form(at, at, [_placed(part, at) for part in item.items])
    return item[0], at
