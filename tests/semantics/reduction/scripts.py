"""Runs the commands of a `.wast` script sequentially: the concrete run against the official suite."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from litmus.language import script as ast
from semantics.diagnostics import LinkError, Source, Unsupported, WeftError
from semantics.reduction.run import Exhausted, Result, Sequential, Suspended
from semantics.runtime.configuration import Trap, Value
from semantics.runtime.store import ModuleInst
from semantics.syntax.modules import Module
from semantics.text import parse_module
from semantics.validation import THREADS, validate

HOST = """
(module
  (global (export "global_i32") i32 (i32.const 666)) (global (export "global_i64") i64 (i64.const 666))
  (table (export "table") 10 20 funcref) (memory (export "memory") 1 2)
  (func (export "print")) (func (export "print_i32") (param i32)) (func (export "print_i64") (param i64))
  (func (export "print_f32") (param f32)) (func (export "print_f64") (param f64))
  (func (export "print_i32_f32") (param i32 f32)) (func (export "print_f64_f64") (param f64 f64)))"""
"""The module that the suite imports as "spectest", as far as it needs no floating point."""


class Runner:
    """`tally` counts commands that went as the script says, that failed, and that are outside the fragment."""

    def __init__(self) -> None:
        self.machine = Sequential(steps=1_000_000)
        self.named: dict[str, ModuleInst] = {}
        self.registered: dict[str, ModuleInst] = {}
        self.lost: set[str] = set()  # registered names whose module is outside the fragment
        self.current: ModuleInst | None = None
        self.tally: Counter[str] = Counter()
        self.failures: list[str] = []
        self.registered["spectest"] = self.machine.instantiate(parse_module(Source("spectest", HOST)))[0]

    def run(self, path: Path) -> None:
        for command in ast.parse_script(Source(path.name, path.read_text("utf-8"))).commands:
            try:
                complaint = self.command(command)
            except Unsupported:
                self.tally["unsupported"] += 1
                continue
            except (WeftError, AssertionError, ArithmeticError, LookupError, TypeError) as error:
                complaint = f"{type(error).__name__}: {error}"
            self.tally["failed" if complaint else "passed"] += 1
            if complaint:
                self.failures.append(f"{command.span}: {complaint}")

    def command(self, command: ast.Command) -> str:
        """What is wrong, or ""."""
        match command:
            case ast.Define(name, _):
                self.current = None
                if name is not None:
                    self.named.pop(name, None)
                self.current, result = self.define(command)
                if name is not None:
                    self.named[name] = self.current
                return "" if result == () else f"ended with {result}"
            case ast.Register(name, of):
                self.lost.add(name)
                self.registered[name] = self.instance(of)
                self.lost.discard(name)
                return ""
            case ast.Invoke() | ast.Get():
                result = self.action(command)
                return "" if not isinstance(result, Trap | Exhausted | Suspended) else f"ended with {result}"
            case ast.AssertReturn(action, expected):
                wanted = [self.accepted(e) for e in expected]
                result = self.action(action)
                if isinstance(result, Trap | Exhausted | Suspended) or len(result) != len(wanted):
                    return f"ended with {result}"
                matches = (found.term in ok for found, ok in zip(result, wanted, strict=True))
                return "" if all(matches) else f"found {[v.term for v in result]}, expected {wanted}"
            case ast.AssertTrap(action, message):
                result = self.define(action)[1] if isinstance(action, ast.Define) else self.action(action)
                return (
                    "" if isinstance(result, Trap) and message.startswith(result.reason) else f"{result}, not {message}"
                )
            case ast.AssertExhaustion(action, message):
                result = self.action(action)
                return "" if isinstance(result, Exhausted) and result.reason == message else f"{result}, not {message}"
            case ast.AssertUnlinkable(module, _):
                try:
                    self.define(module)
                except LinkError:
                    return ""
                return "was linked"
            case _:
                raise Unsupported("a command about text, validation or threads")

    def define(self, command: ast.Define) -> tuple[ModuleInst, Result]:
        module: Module = ast.module_of(command.content)
        validate(module, THREADS)
        imports = []
        for wanted in module.imports:
            provider = self.registered.get(wanted.module)
            if wanted.module in self.lost or wanted.name in ("global_f32", "global_f64"):
                raise Unsupported("outside the fragment")
            if provider is None or wanted.name not in provider.exports:
                raise LinkError("unknown import", wanted.span)
            imports.append(provider.exports[wanted.name][1])
        return self.machine.instantiate(module, imports)

    def instance(self, name: str | None) -> ModuleInst:
        found = self.named.get(name) if name is not None else self.current
        if found is None:
            raise Unsupported("a module that was not instantiated")
        return found

    def action(self, action: ast.Action) -> Result:
        instance = self.instance(action.module)
        if isinstance(action, ast.Get):
            return (Value(*self.machine.global_value(instance.exports[action.export][1])),)
        return self.machine.call(instance, action.export, *(self.value(a) for a in action.arguments))

    @staticmethod
    def value(argument: ast.Argument) -> int:
        if isinstance(argument, ast.Refused):
            raise Unsupported(argument.error.message)
        return argument.value

    def accepted(self, expectation: ast.Expectation) -> set[int]:
        if isinstance(expectation, ast.Either):
            return {self.value(a) for a in expectation.alternatives}
        return {self.value(expectation)}
