"""Programs of the search, put together: from the statements of each open function to a module, a program and its text.

A statement is parsed once; that it is well typed where it stands is decided once for each open function, as all
programs have the same definitions and every statement leaves the stack as it was (Fig. 21, sequences).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from litmus.checking.grammar import MAIN, Vocabulary
from semantics.diagnostics import Invalid, NotExpressible, Source
from semantics.exploration.program import HostThread, Instantiate, Invoke, Program, Provider
from semantics.syntax.instructions import Block, Expr, If, LocalGet, LocalSet, LocalTee, Loop, Unreachable
from semantics.syntax.modules import Function, Module
from semantics.syntax.types import I32, FuncType, Share
from semantics.text import parse_module
from semantics.validation import validate

MEMORY = '(import "env" "memory" (memory $memory 1 1 shared))'
ENVIRONMENT = '(module (memory (export "memory") 1 1 shared))'
Bodies = Mapping[str, tuple[int, ...]]
"""A program: for each open function, the statements of its body by their numbers."""


@dataclass(frozen=True)
class Assembly:
    """The modules of a vocabulary, parsed."""

    words: Vocabulary

    @cached_property
    def _parsed(self) -> tuple[Module, dict[str, int], dict[str, tuple[Expr, ...]]]:
        """The module with empty bodies; where its open functions are among its functions, and the functions that stand
        for `spawn`; the code of every statement in each open function."""
        words = self.words
        types = [d for d in words.definitions if d.startswith("(type")]
        imports = [d for d in words.definitions if d.startswith("(import")]
        rest = [d for d in words.definitions if not d.startswith(("(type", "(import"))]
        wrappers = self._wrappers()
        fields = [MEMORY, *types, *imports, *self._embedder(), *rest]
        fields += [self._open(f) for f in words.functions] + list(wrappers.values())
        for f in words.functions:
            header = self._header(f, "(param")
            fields += [f"(func {header} {self._concrete(s.text)})" for s in words.statements]
        flag = "shared" if words.flag else ""
        module = parse_module(Source("search", f"(module {flag} {' '.join(fields)})"))
        length = len(words.statements)
        first = len(module.funcs) - length * len(words.functions)
        codes = {
            f: tuple(c.body for c in module.funcs[first + n * length : first + (n + 1) * length])
            for n, f in enumerate(words.functions)
        }
        base = replace(
            module,
            types=module.types[: len(types)],  # those that the text names
            funcs=tuple(replace(f, local_names=()) for f in module.funcs[:first]),
        )
        names = (*words.functions, *wrappers)
        return base, {n: next(i for i, f in enumerate(base.funcs) if f.binding == f"${n}") for n in names}, codes

    def _embedder(self) -> list[str]:
        """The imports that spawning needs."""
        form = self.words.form
        wanted = () if form.word or form.module else (form.imports(self.words.spawn_of(f)) for f in self.words.spawned)
        return [self._attributed(w) for w in dict.fromkeys(wanted) if w]

    def _wrappers(self) -> dict[str, str]:
        """The functions that are called for `spawn`, where the design has no instruction."""
        form = self.words.form
        found = {}
        for s in map(self.words.spawn_of, self.words.spawned if form.word is None else ()):
            params = f"(param {' '.join(s.params)})" if s.params else ""
            found[f"spawn.{s.plain}"] = self._attributed(f"(func $spawn.{s.plain} shared {params} {form.body(s)})")
        return found

    def _open(self, function: str) -> str:
        """An open function without statements."""
        entry = self.words.form.entry
        code = entry(self.words.spawn_of(function))[1] if entry is not None and function in self.words.spawned else ""
        export = f'(export "{MAIN}")' if function == MAIN else ""
        return f"(func ${function} {export} {self._header(function)} {code})"

    def _header(self, function: str, only: str = "(") -> str:
        """Attribute, exports, parameters, results and locals of an open function; of those that the design wants where
        a thread begins, `only` the forms that start so."""
        words, header = self.words, self.words.header(function)
        if words.form.entry is not None and function in words.spawned:
            wanted = words.form.entry(words.spawn_of(function))[0]
            header = _merged([f for f in _forms(wanted) if f.startswith(only)], _forms(header))
        return self._attributed(header)

    @property
    def codes(self) -> Mapping[str, tuple[Expr, ...]]:
        """The code of every statement, in each open function."""
        return self._parsed[2]

    def _attributed(self, text: str) -> str:
        """Functions without the attribute, where it says nothing, or the module says it."""
        return text if self.words.attributes else text.replace(" shared ", " ").removeprefix("shared ")

    def _concrete(self, statement: str) -> str:
        word = self.words.form.word
        return statement.replace("(spawn $", f"({word} $" if word else "(call $spawn.")

    @cached_property
    def others(self) -> dict[str, Module]:
        """The other instances' modules, validated."""
        found = {"env": parse_module(Source("env", ENVIRONMENT))}
        for name, text in self.words.libraries.items():
            found[name] = parse_module(Source(name, text))
            validate(found[name], self.words.typing)
        return found

    # --- typing -----------------------------------------------------------------------------------
    @cached_property
    def well_typed(self) -> dict[str, frozenset[int]]:
        """For each open function, the statements that are well typed in it; none, where the design refuses the
        definitions."""
        return {
            f: frozenset(n for n in range(len(self.words.statements)) if self._accepts({f: (n,)}))
            for f in self.words.functions
        }

    def _accepts(self, bodies: Bodies) -> bool:
        try:
            validate(self.module(bodies), self.words.typing)
        except (Invalid, NotExpressible):
            return False
        return True

    # --- putting together -------------------------------------------------------------------------
    def module(self, bodies: Bodies) -> Module:
        """The module of a program."""
        base, places, codes = self._parsed
        funcs = list(base.funcs)
        said = {n for body in bodies.values() for n in body}
        for name, place in places.items():
            function = funcs[place]
            if name in self.words.functions:
                code = tuple(e for n in bodies.get(name, ()) for e in codes[name][n])
                funcs[place] = _trimmed(replace(function, body=code + function.body))
            elif not any(f"${name.removeprefix('spawn.')}" in self.words.statements[n].text for n in said):
                funcs[place] = Function(FuncType(Share.LOCAL, (), ()), (), (Unreachable(),))
        return replace(base, funcs=tuple(funcs))

    def program(self, module: Module) -> Program:
        """The main thread makes the instances and calls `main`."""
        known = self.others
        commands: list[Instantiate | Invoke] = []
        for name, code in (*known.items(), ("m", module)):
            providers = tuple(Provider(i.module, i.name) if i.module in known else None for i in code.imports)
            commands.append(Instantiate(name, code, providers))
        return Program("search", HostThread("T0", (*commands, Invoke("m", MAIN))), (), ())

    # --- text -------------------------------------------------------------------------------------
    def text(self, bodies: Bodies, name: str = "confinement") -> str:
        """The program as a main test, with the definitions that it uses and no others."""
        words = self.words
        functions = {f: self._function_text(f, bodies.get(f, ())) for f in words.functions}
        fields = {d: _names(d)[0] for d in words.definitions if not d.startswith("(elem declare")}
        fields |= {text: f"${f}" for f, text in functions.items()}
        kept = {functions[MAIN]}
        todo = [functions[MAIN]]
        while todo:
            said = _needed(todo.pop())
            fresh = {text for text, bound in fields.items() if bound in said} - kept
            kept |= fresh
            todo += fresh
        shown = sorted((text for text in fields if text in kept), key=lambda text: not text.startswith("(import"))
        referred = [n for n in ("$own", "$touch", "$s") if f"(ref.func {n})" in "".join(shown)]
        if words.typing.declared_refs and referred:
            shown.append(f"(elem declare func {' '.join(referred)})")
        libraries = [
            "\n  ".join([f"module {n} {{", *_forms(text.removeprefix("(module ")[:-1])]) + "\n}"
            for n, text in words.libraries.items()
            if any(f'(import "{n}"' in field for field in shown)
        ]
        module = "\n  ".join(["module {", *shown]) + "\n}"
        main = f"main T0 {{\n  call ${MAIN}\n}}"
        design = f"profile {words.profile.name}"
        return "\n".join([f"WASM {name}", "{ }", *libraries, module, main, design]) + "\n"

    def _function_text(self, function: str, body: tuple[int, ...]) -> str:
        code = [self.words.statements[n].text for n in body]
        said = _names(" ".join(code))
        header = [h for h in _forms(self.words.header(function)) if "(local" not in h or _names(h)[0] in said]
        return "\n    ".join([" ".join([f"(func ${function}", *header]), *code]) + ")"


def _merged(one: list[str], other: list[str]) -> str:
    """The forms of two headers in the order that the text format wants."""
    ranks = ("shared", "(export", "(param", "(result", "(local")
    return " ".join(sorted([*one, *other], key=lambda form: next(n for n, r in enumerate(ranks) if form.startswith(r))))


def _forms(text: str) -> list[str]:
    """The words and forms of a text, one by one."""
    found: list[str] = []
    depth, word = 0, ""
    for c in text + " ":
        if c.isspace() and depth == 0:
            found += [word] * bool(word)
            word = ""
            continue
        depth += (c == "(") - (c == ")")
        word += c
    return found


def _names(field: str) -> list[str]:
    return [t for t in field.replace("(", " ").replace(")", " ").split() if t.startswith("$")]


def _needed(field: str) -> list[str]:
    """The names in a field, and the nested module that an import from the embedder names by a string."""
    return _names(field) + [f"${name}" for name in re.findall(r'\(import "module" "([^"]+)"', field)]


def _trimmed(function: Function) -> Function:
    """The function whose local variables that nobody uses hold numbers: no type of theirs is in the way."""
    used = set()
    todo = [function.body]
    while todo:
        for e in todo.pop():
            if isinstance(e, LocalGet | LocalSet | LocalTee):
                used.add(e.index)
            elif isinstance(e, Block | Loop):
                todo.append(e.body)
            elif isinstance(e, If):
                todo += [e.then, e.orelse]
    first = len(function.type.params)
    return replace(function, locals=tuple(t if first + n in used else I32 for n, t in enumerate(function.locals)))
