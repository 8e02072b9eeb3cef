"""A script of one thread: run concretely, command by command, by the same reduction rules.

Such a script has one outcome under every model, because a thread's reads see its own last writes, once growth is
decided: the host of a sequential script grants every growth that the limits allow (profile switch `growth`, as the
reference interpreter does). So there is nothing to solve, and nothing to audit.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from litmus.checking.result import AssertionResult, Passed, ScriptResult
from litmus.language import script as ast
from litmus.language.script_lowering import MAIN, decide_refusal, described, spelled, value_of
from litmus.language.spectest import SPECTEST, host_module
from semantics.axioms.model import Model
from semantics.diagnostics import LinkError, Span, TextError
from semantics.profiles.fork import FORK_GROWING
from semantics.reduction.run import OUT_OF_STACK, Exhausted, Result, Sequential, Suspended
from semantics.runtime.configuration import Trap, Value
from semantics.runtime.store import ModuleInst
from semantics.syntax.instructions import Block, Expr, Fork, If, Loop
from semantics.syntax.modules import ExternKind, Module
from semantics.syntax.types import NumType
from semantics.text.context import suggestion
from semantics.validation import THREADS, validate

STEPS = 50_000_000
"""So many steps may one call take; after that the assertion is undecided."""


def is_sequential(script: ast.Script) -> bool:
    """Whether no command starts a thread and no module in the text has a `fork`."""
    for command in script.commands:
        if isinstance(command, ast.Thread | ast.Wait):
            return False
        if isinstance(command, ast.Define) and isinstance(command.content, Module) and _forks(command.content):
            return False
    return True


def _forks(module: Module) -> bool:
    return any(map(_forks, module.modules)) or any(_has_fork(f.body) for f in module.funcs)


def _has_fork(code: Expr) -> bool:
    todo = [code]
    while todo:
        for instr in todo.pop():
            kind = instr.__class__
            if kind is Fork:
                return True
            if isinstance(instr, Block | Loop):
                todo.append(instr.body)
            elif isinstance(instr, If):
                todo += (instr.then, instr.orelse)
    return False


def run_script(script: ast.Script, model: Model, seconds: float | None = None) -> ScriptResult:
    """Decides every assertion of a sequential script, in so many `seconds`; the result is the same under each model.

    Raises the WeftError of a module that no assertion calls bad but that cannot be read, validated or linked, and
    TextError for an unknown module or export.
    """
    started = perf_counter()
    runner = _Runner(seconds)
    assertions = tuple(result for command in script.commands for result in runner.command(command))
    source = script.source.name
    seconds = perf_counter() - started
    return ScriptResult(Path(source).name, source, model.name, assertions, (), seconds, (), dict(runner.machine.counts))


class _Runner:
    """The host: modules by $name and by registered name, the current one, and the machine."""

    def __init__(self, seconds: float | None) -> None:
        self.machine = Sequential(FORK_GROWING, steps=STEPS, seconds=seconds)
        self.named: dict[str, ModuleInst] = {}
        self.registered: dict[str, ModuleInst] = {}
        self.current: ModuleInst | None = None

    def command(self, command: ast.Command) -> Iterator[AssertionResult]:
        """Carries out one command; gives what came of it if it claims something."""
        match command:
            case ast.Define(name, content):
                self.current, result = self._instantiate(ast.module_of(content), command.span)
                if name is not None:
                    self.named[name] = self.current
                if result != ():
                    yield _result(command.span, "module", Passed.NO, _shown(result))
            case ast.Register(name, module):
                self.registered[name] = self._instance(module, command.span)
            case ast.Invoke() | ast.Get():
                result = self._action(command)
                passed, why = _returned(result)
                yield _result(command.span, described(command, (), "", ast.Invoke), passed, why)
            case ast.AssertReturn(action, expected):
                result = self._action(action)
                passed, why = _returned(result, expected, command.span)
                yield _result(command.span, described(action, expected, "", ast.AssertReturn), passed, why)
            case ast.AssertTrap(ast.Define() as module, message):
                result = self._instantiate(ast.module_of(module.content), command.span)[1]
                yield _result(command.span, f'assert_trap (module) "{message}"', *_trapped(result, message))
            case ast.AssertTrap(ast.Invoke() | ast.Get() as action, message):
                text = described(action, (), message, ast.AssertTrap)
                yield _result(command.span, text, *_trapped(self._action(action), message))
            case ast.AssertExhaustion(action, message):
                result = self._action(action)
                right = isinstance(result, Exhausted) and result.reason.startswith(message)
                text = described(action, (), message, ast.AssertExhaustion)
                yield _result(
                    command.span, text, Passed.YES if right else _failed(result), "" if right else _shown(result)
                )
            case ast.AssertInvalid() | ast.AssertMalformed() | ast.AssertUnlinkable():
                found = decide_refusal(command, MAIN, lambda m: self._instantiate(m, command.span))
                passed = {True: Passed.YES, False: Passed.NO, None: Passed.UNKNOWN}[found.passed]
                yield _result(command.span, found.text, passed, found.message)

    # --- modules --------------------------------------------------------------------------------
    def _instantiate(self, module: Module, span: Span) -> tuple[ModuleInst, Result]:
        validate(module, THREADS)
        imports = []
        for wanted in module.imports:
            if wanted.module == SPECTEST and SPECTEST not in self.registered:
                self.registered[SPECTEST] = self.machine.instantiate(host_module())[0]
            provider = self.registered.get(wanted.module)
            found = provider.exports.get(wanted.name) if provider is not None else None
            if found is None:
                raise LinkError(f'unknown import "{wanted.module}" "{wanted.name}"', wanted.span or span)
            imports.append(found[1])
        return self.machine.instantiate(module, imports)

    def _instance(self, name: str | None, span: Span) -> ModuleInst:
        if name is not None:
            if name not in self.named:
                raise TextError(f"unknown module {name}", span, expected=tuple(self.named))
            return self.named[name]
        if self.current is None:
            raise TextError("no module stands before this", span, expected=("(module ...)",))
        return self.current

    # --- actions --------------------------------------------------------------------------------
    def _action(self, action: ast.Action) -> Result:
        instance = self._instance(action.module, action.span)
        found = instance.exports.get(action.export)
        if found is None:
            hint = suggestion(action.export, instance.exports).strip()
            raise TextError(f'the module exports no "{action.export}"', action.span, hint=hint)
        kind, address = found
        wanted = ExternKind.GLOBAL if isinstance(action, ast.Get) else ExternKind.FUNC
        if kind is not wanted:
            word = "global" if wanted is ExternKind.GLOBAL else "function"
            raise TextError(f'the export "{action.export}" is no {word}', action.span)
        if isinstance(action, ast.Get):
            return (Value(*self.machine.global_value(address)),)
        constants = [value_of(a) for a in action.arguments]
        type_ = self.machine.store.func(address).type
        if tuple(c.type for c in constants) != type_.params:
            raise TextError(f'"{action.export}" takes other arguments: {type_}', action.span)
        return self.machine.invoke(address, tuple(Value(c.type, c.value) for c in constants))


def _agree(result: tuple[Value, ...], expected: tuple[ast.Expectation, ...], span: Span | None) -> bool:
    if len(result) != len(expected):
        raise TextError(f"{len(expected)} results are expected of an action with {len(result)}", span)
    return all(
        any(_accepts(choice, value) for choice in (e.alternatives if isinstance(e, ast.Either) else (e,)))
        for e, value in zip(expected, result, strict=True)
    )


def _accepts(choice: ast.Value | ast.Pattern | ast.Refused, value: Value) -> bool:
    term = value.term
    if isinstance(choice, ast.Pattern):
        return isinstance(term, int) and choice.type == value.type and choice.accepts(term)
    wanted = value_of(choice)
    same_type = wanted.type == value.type or not isinstance(wanted.type, NumType)
    return same_type and wanted.value == term


def _returned(
    result: Result, expected: tuple[ast.Expectation, ...] | None = None, span: Span | None = None
) -> tuple[Passed, str]:
    """Whether an action returned, with the results that are expected where some are stated."""
    if isinstance(result, Trap | Exhausted | Suspended):
        return _failed(result), _shown(result)
    if expected is not None and not _agree(result, expected, span):
        return Passed.NO, _shown(result)
    return Passed.YES, ""


def _trapped(result: Result, message: str) -> tuple[Passed, str]:
    if isinstance(result, Trap) and result.reason.startswith(message):
        return Passed.YES, ""
    return _failed(result), _shown(result)


def _failed(result: Result) -> Passed:
    """What a result means that is not the one that was claimed: nothing where the run was given up."""
    return Passed.UNKNOWN if isinstance(result, Exhausted) and result.reason != OUT_OF_STACK else Passed.NO


def _shown(result: Result) -> str:
    match result:
        case Trap(reason):
            return f"it traps: {reason}"
        case Exhausted(reason):
            return reason
        case Suspended():
            return "it waits for ever"
    return "it returns " + (" ".join(spelled(v.type, v.term) for v in result if isinstance(v.term, int)) or "nothing")


def _result(span: Span, text: str, passed: Passed, message: str) -> AssertionResult:
    return AssertionResult(span.source.name, span.line, MAIN, text, passed, message)
