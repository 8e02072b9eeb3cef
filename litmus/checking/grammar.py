"""The grammar of the programs among which the search looks: what a design's programs may define, and say.

Every program has the same definitions, one of each kind and attribute that the design has, own and imported; so that to
choose an attribute is to choose a definition. Programs differ in the bodies of the open functions: sequences of
statements, each of which leaves the stack as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from litmus.language.spawning import FORMS, ONE_ENTRY, Spawned, SpawnForm, erases
from semantics.diagnostics import Source, Span
from semantics.profiles.shared_everything import ATOMICS
from semantics.runtime.discipline import Discipline, Sort
from semantics.runtime.profile import Profile
from semantics.text.sexpr import Form

ZERO, ONE, NOTHING = "(i32.const 0)", "(i32.const 1)", "(i32.const 0) (i32.const 0) (i32.const 0)"
MAIN, SPAWNED, PLAIN = "main", "s", "f"
"""The open functions: the main thread's, one that says `shared`, and one that does not."""
NOWHERE = Span(Source("search", ""), 1, 1, 1, 1)

_EXTERNALS = {
    "func": "funcref",
    "shared-func": "(shared funcref)",
    "extern": "externref",
    "shared-extern": "(shared externref)",
}  # what the embedder's imports for modules take
_NAMED = {SPAWNED: {"$s", "$es"}, PLAIN: {"$f"}}  # $es holds a reference to $s


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as a main test writes it. `swaps`: all that it does is to access one object, in a way that changes
    nothing for other statements, so that it may change places with its like. `starts`: it may start a thread."""

    text: str
    swaps: bool = False
    starts: bool = False

    @property
    def mentions(self) -> frozenset[str]:
        """The open functions that it names."""
        words = self.text.replace("(", " ").replace(")", " ").split()
        return frozenset(f for f, names in _NAMED.items() if not names.isdisjoint(words))


@dataclass(frozen=True)
class Vocabulary:
    """What programs of a design may define and say. `flag`: where the attribute is the module's, whether it has it."""

    profile: Profile
    flag: bool | None = None

    @property
    def typing(self) -> Discipline:
        """The design's typing rules."""
        return self.profile.typing

    @property
    def form(self) -> SpawnForm:
        """How the design writes `spawn`."""
        return FORMS[self.profile.spawn]

    @property
    def local(self) -> bool:
        """Whether there are local definitions."""
        return self.flag is not True

    def shares(self, sort: Sort) -> bool:
        """Whether there are shared definitions of that sort."""
        return sort in self.typing.shared and self.flag is not False

    def has(self, feature: str) -> bool:
        """Whether the design has a feature."""
        return feature in self.typing.features

    @property
    def attributes(self) -> bool:
        """Whether functions say that they are shared."""
        return not erases(self.profile)

    @property
    def arguments(self) -> bool:
        """Whether a thread may be given references."""
        return self.form.word is not None or self.handles

    @property
    def handles(self) -> bool:
        """Whether threads begin with `fork_h`."""
        return self.profile.spawn == "fork_h"

    @property
    def embedded(self) -> bool:
        """Whether threads begin with an import that takes a reference to any function."""
        return self.profile.spawn == "spawn_func"

    @property
    def hosted(self) -> bool:
        """Whether code has references to nested modules, and instances of them, by imports."""
        return ("thread", "instantiate") in self.profile.host

    @property
    def hosted_threads(self) -> bool:
        """Whether threads begin with an import that takes a reference to a module."""
        return self.profile.spawn == "spawn_module"

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """The open functions. Where attributes of functions say nothing, one that may be spawned is enough."""
        return (MAIN, SPAWNED, PLAIN) if self.attributes else (MAIN, SPAWNED)

    @property
    def spawned(self) -> tuple[str, ...]:
        """Those that statements `spawn`: none where the design has other words."""
        if self.form.module or self.handles or self.embedded or self.hosted_threads:
            return ()
        return (SPAWNED,) if self.profile.spawn in ONE_ENTRY else self.functions[1:]

    # --- definitions ------------------------------------------------------------------------------
    @cached_property
    def libraries(self) -> dict[str, str]:
        """The modules of the other instances, by name: N, all of it local; and where the attribute is the module's, L,
        which has it."""
        found = {}
        if self.local:
            found["N"] = f"(module {self._n})"
        if self.flag is False:
            cell = '(global $gs (export "g") shared (mut i32) (i32.const 0))'
            found["L"] = f'(module shared {cell} (func $ls (export "f") (global.set $gs {ONE})))'
        return found

    @property
    def _n(self) -> str:
        fields = [
            '(global $gn (export "g") (mut i32) (i32.const 0))',
            '(table $tn (export "t") 1 funcref)',
            f'(func $touch (export "touch") (global.set $gn {ONE}))',
        ]
        if self.typing.several_memories:
            fields.append('(memory $mn (export "m") 1 1)')
        return " ".join(fields)

    @cached_property
    def definitions(self) -> tuple[str, ...]:
        """The module's fields but for the open functions; the shared memory `$memory` is there as well."""
        found = ["(type $v (func))"]
        data = " shared" if self.typing.segments == "explicit" else ""
        if self.local:
            found += [
                '(import "N" "g" (global $gn (mut i32)))',
                '(import "N" "t" (table $tn 1 funcref))',
                '(import "N" "touch" (func $touch))',
                "(global $gl (mut i32) (i32.const 0))",
                "(global $rl (mut funcref) (ref.null func))",
                "(table $tl 1 funcref)",
                f"(func $own (global.set $gl {ONE}))",
                "(elem $el funcref (ref.func $own))",
            ]
            if self.typing.several_memories:
                found += ['(import "N" "m" (memory $mn 1 1))', "(memory $ml 1 1)"]
            if data:
                found.append('(data $dl "a")')
        if self.flag is False:
            found.append('(import "L" "g" (global $gs shared (mut i32)))')
            found.append('(import "L" "f" (func $ls shared))')
        if self.typing.tls and self.local:
            found.append("(global $gt thread_local (mut i32) (i32.const 0))")
        if self.embedded:
            for name, type in (("any", "funcref"), ("shared", "(shared funcref)")):
                kind = f"(func $spawn-{name} (param {type}) (result externref))"
                found.append(f'(import "thread" "spawn_func" {kind})')
        if self.shares(Sort.FUNC):
            found.append("(type $w (shared (func)))")
        if self.shares(Sort.GLOBAL):
            found.append("(global $gs shared (mut i32) (i32.const 0))")
            found.append("(global $rs shared (mut (shared funcref)) (ref.null (shared func)))")
        if self.shares(Sort.TABLE):
            found.append("(table $ts shared 1 1 (shared funcref))")
        if self.functions_shared:
            found.append(f"(elem $es{data} (shared funcref) (ref.func $s))")
        found.append(f'(data $d{data} "a")')
        if self.typing.declared_refs:
            found.append("(elem declare func $own $touch $s)")
        return (*found, *self._embedder(), *(text for text, _ in self.modules.values()))

    def _embedder(self) -> Iterator[str]:
        """The imports for nested modules; shared, where their types may be."""
        if not self.hosted:
            return
        yield '(import "thread" "module" (type $module shared opaque))'
        for name in self.modules:
            yield f'(import "module" "{name}" (func $code-{name} shared (result (ref null $module))))'
        made = " ".join(self.locals[name] for name in _exported(self.modules["fresh"][0]))
        yield f'(import "thread" "instantiate" (func $make (param (ref null $module)) (result {made})))'
        if self.hosted_threads:
            yield '(import "thread" "handle" (type $handle shared opaque))'
            yield from self._with_code("spawn_module", "spawn", "", "(ref null $handle)")
        for kind, type in _EXTERNALS.items():
            yield from self._with_code("instantiate", f"fill-{kind}", type, "")
            if self.hosted_threads:
                yield from self._with_code("spawn_module", f"spawn-{kind}", type, "(ref null $handle)")

    def _with_code(self, operation: str, name: str, external: str, result: str) -> Iterator[str]:
        share = "shared" if self.attributes and external not in ("funcref", "externref") else ""
        yield (
            f'(import "thread" "{operation}" (func ${name} {share} (param (ref null $module) {external})'
            f" (result {result})))"
        )

    @property
    def functions_shared(self) -> bool:
        """Whether `$s` is a shared function."""
        return self.shares(Sort.FUNC) and (self.attributes or self.flag is True)

    @property
    def nests(self) -> bool:
        """Whether there are nested modules."""
        return self._makes or self.form.module

    @property
    def _makes(self) -> bool:
        """Whether code makes instances of them."""
        return self.has("instantiate") or self.hosted

    @cached_property
    def modules(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """The nested modules, by name, and what each may be given: `$fresh` makes a local and a shared global and a
        local function that accesses one; the others access, or call, what they are given."""
        if not self.nests:
            return {}
        start = f"(func $go (global.set $x {ONE})) (start $go)"
        fresh = "(global $x (mut i32) (i32.const 0))"
        exports = '(export "f" (func $go)) (export "x" (global $x))'
        if Sort.GLOBAL in self.typing.shared and self.typing.gran == "definition":
            fresh += " (global $y shared (mut i32) (i32.const 0))"
            exports += ' (export "y" (global $y))'
        found = {
            "fresh": (f"(module $fresh {fresh} {start} {exports})", ()),
            "sets": (f'(module $sets (import "" "" (global $x (mut i32))) {start})', self.cells),
            "calls": ('(module $calls (import "" "" (func $h)) (start $h))', self.references),
        }
        if self.shares(Sort.GLOBAL) and self.flag is None:
            found["sets-shared"] = (
                f'(module $sets-shared (import "" "" (global $x shared (mut i32))) {start})',
                self.cells,
            )
        return found

    # --- values -----------------------------------------------------------------------------------
    @property
    def reifies(self) -> bool:
        """Whether code has references to its own definitions."""
        return self.has("references to own definitions")

    @cached_property
    def locals(self) -> dict[str, str]:
        """The local variables of every open function and their types: references to functions and to globals, local and
        shared."""
        typed = self.typing.externals == "typed"
        found: dict[str, str] = {"lf": "funcref"}
        if self.shares(Sort.FUNC):
            found["sf"] = "(shared funcref)"
        if self.nests:
            found["la"] = "(ref null (global (mut i32)))" if typed else "externref"
            if Sort.GLOBAL in self.typing.shared:
                found["sa"] = "(ref null (global shared (mut i32)))" if typed else "(shared externref)"
        return found

    def parameters(self, function: str) -> tuple[str, ...]:
        """Which of them are the function's parameters: what a thread may be given."""
        if not self.arguments or function == MAIN:
            return ()
        share = "s" if function == SPAWNED and self.functions_shared else "l"
        return tuple(name for name in (share + "f", share + "a") if name in self.locals)

    @cached_property
    def references(self) -> tuple[str, ...]:
        """Where references to functions come from."""
        found = ["(ref.func $s)"]
        if self.flag is False:
            found.append("(ref.func $ls)")
        if self.local:
            found += ["(ref.func $own)", "(ref.func $touch)", "(global.get $rl)", f"(table.get $tl {ZERO})"]
        if self.arguments or self.hosted:
            found.append("(local.get $lf)")
        if "sf" in self.locals:
            found.append("(local.get $sf)")
        if self.shares(Sort.GLOBAL):
            found.append("(global.get $rs)")
        if self.shares(Sort.TABLE):
            found.append(f"(table.get $ts {ZERO})")
        return tuple(found)

    @cached_property
    def cells(self) -> tuple[str, ...]:
        """Where references to globals come from."""
        found = [f"(local.get ${name})" for name in ("la", "sa") if name in self.locals and self._makes]
        if self.reifies:
            found += ["(ref.global $gl)"] * self.local + ["(ref.global $gs)"] * self.shares(Sort.GLOBAL)
        return tuple(found)

    # --- statements -------------------------------------------------------------------------------
    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """All statements, well typed or not."""
        return (*self._starts(), *self._instances(), *self._calls(), *self._accesses(), *self._moves())

    def _starts(self) -> Iterator[Statement]:
        """Threads."""
        for f in self.functions[1:] if self.handles else self.spawned:
            for arguments in self._given(f):
                text = f"(drop (fork_h ${f}{arguments}))" if self.handles else f"(spawn ${f}{arguments})"
                yield Statement(text, starts=True)
        if self.arguments and self.local:
            yield Statement("(drop (fork_h $own))" if self.handles else "(spawn $own)", starts=True)
        for begin in ("any", "shared") if self.embedded else ():
            for reference in self.references:
                yield Statement(f"(drop (call $spawn-{begin} {reference}))", starts=True)
        if self.flag is False:
            yield Statement(f"({self.form.word} $ls)", starts=True)
        if self.has("thread.create"):
            for reference in self.references:
                for type in ("$v", "$w") if self.shares(Sort.FUNC) else ("$v",):
                    yield Statement(f"(thread.create_ref {type} {reference})", starts=True)
        if self.form.module:
            for name, (_, given) in self.modules.items():
                for external in given or ("",):
                    count = 1 if external else 0
                    text = f"(ref.module ${name}) {external} (thread.create_mod {count})"
                    yield Statement(text, starts=True)
        if self.hosted_threads:
            for name, (_, given) in self.modules.items():
                if not given:
                    yield Statement(f"(drop (call $spawn (call $code-{name})))", starts=True)
                for external, kind in product(given, _EXTERNALS):
                    yield Statement(f"(drop (call $spawn-{kind} (call $code-{name}) {external}))", starts=True)

    def _given(self, function: str) -> Iterator[str]:
        names = self.parameters(function)
        if not names:
            yield ""
            return
        rest = "".join(f" (local.get ${name})" for name in names[1:])
        for reference in self.references:
            yield f" {reference}{rest}"

    def _instances(self) -> Iterator[Statement]:
        """Instances that running code makes."""
        if not self._makes:
            return
        for name, (text, given) in self.modules.items():
            for external in given or ("",):
                results = "".join(f" (local.set ${result})" for result in reversed(_exported(text)))
                if self.has("instantiate"):
                    yield Statement(f"(instantiate ${name} {external}){results}")
                elif not external:
                    yield Statement(f"(call $make (call $code-{name})){results}")
                for kind in _EXTERNALS if self.hosted and external else ():
                    yield Statement(f"(call $fill-{kind} (call $code-{name}) {external})")

    def _calls(self) -> Iterator[Statement]:
        if self.local:
            yield Statement("(call $own)")
            yield Statement("(call $touch)")
            yield Statement(f"(call_indirect $tl (type $v) {ZERO})")
        if self.shares(Sort.TABLE):
            yield Statement(f"(call_indirect $ts (type $w) {ZERO})")

    def _accesses(self) -> Iterator[Statement]:
        """Every instruction that accesses an object, on every object."""
        globals_ = ["gl", "gn"] if self.local else []
        globals_ += ["gs"] * (self.shares(Sort.GLOBAL) or self.flag is False)
        if self.typing.tls and self.local:
            globals_.append("gt")
        for g in globals_:
            yield Statement(f"(drop (global.get ${g}))", swaps=True)
            yield Statement(f"(global.set ${g} {ONE})", swaps=True)
            if self.has(ATOMICS):
                yield Statement(f"(drop (global.atomic.rmw.add seqcst ${g} {ONE}))", swaps=True)
        memories = ["memory"] + (["ml", "mn"] if self.local and self.typing.several_memories else [])
        for m in memories:
            yield Statement(f"(drop (i32.load ${m} {ZERO}))", swaps=True)
            yield Statement(f"(i32.store ${m} {ZERO} {ONE})", swaps=True)
            yield Statement(f"(drop (i32.atomic.rmw.add ${m} {ZERO} {ONE}))", swaps=True)
            yield Statement(f"(drop (memory.size ${m}))", swaps=True)
            yield Statement(f"(drop (memory.grow ${m} {ZERO}))", swaps=True)
            yield Statement(f"(memory.init ${m} $d {NOTHING})", swaps=True)
        tables = (["tl", "tn"] if self.local else []) + ["ts"] * self.shares(Sort.TABLE)
        for t in tables:
            heap, segment = ("(shared func)", "es") if t == "ts" else ("func", "el")
            yield Statement(f"(drop (table.get ${t} {ZERO}))", swaps=True)
            yield Statement(f"(table.set ${t} {ZERO} (ref.null {heap}))")
            yield Statement(f"(drop (table.size ${t}))", swaps=True)
            yield Statement(f"(drop (table.grow ${t} (ref.null {heap}) {ZERO}))", swaps=True)
            if segment == "el" or self.functions_shared:
                yield Statement(f"(table.init ${t} ${segment} {ZERO} {ZERO} {ONE})")
        for segment in ["d"] + ["dl"] * (self.local and self.typing.segments == "explicit"):
            yield Statement(f"(data.drop ${segment})", swaps=True)
        for segment in ["el"] * self.local + ["es"] * self.functions_shared:
            yield Statement(f"(elem.drop ${segment})", swaps=True)

    def _moves(self) -> Iterator[Statement]:
        """References on their way from one place to another."""
        sinks = ["local.set $lf"] * self.arguments + ["local.set $sf"] * ("sf" in self.locals)
        sinks += ["global.set $rl", f"table.set $tl {ZERO}", f"table.set $tn {ZERO}"] if self.local else []
        sinks += ["global.set $rs"] * self.shares(Sort.GLOBAL) + [f"table.set $ts {ZERO}"] * self.shares(Sort.TABLE)
        for sink in sinks:
            place = sink.split()[1]
            yield from (Statement(f"({sink} {r})") for r in self.references if place not in r)

    # --- text -------------------------------------------------------------------------------------
    def header(self, function: str) -> str:
        """The attribute, parameters and local variables of an open function."""
        share = "shared" if function == SPAWNED else ""
        names = self.parameters(function)
        params = [f"(param ${name} {self.locals[name]})" for name in names]
        return " ".join([share, *params, *(f"(local ${n} {t})" for n, t in self.locals.items() if n not in names)])

    def spawn_of(self, function: str) -> Spawned:
        """The open function as something that code spawns."""
        types = tuple(self.locals[name] for name in self.parameters(function))
        return Spawned(f"${function}", Form(0, 0, []), types, NOWHERE)


def _exported(module: str) -> tuple[str, ...]:
    """The local variables for what an instance of a nested module exports, in order."""
    return tuple(name for name, word in (("lf", '"f"'), ("la", '"x"'), ("sa", '"y"')) if f"(export {word}" in module)


def vocabularies(profile: Profile) -> tuple[Vocabulary, ...]:
    """Those of a design: one; where the attribute is the module's, one with it and one without."""
    if profile.typing.gran == "module":
        return Vocabulary(profile, True), Vocabulary(profile, False)
    return (Vocabulary(profile),)
