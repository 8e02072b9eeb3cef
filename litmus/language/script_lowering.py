"""Script -> Program: threads with registries of their own, instances by name, assertions as claims about registers.

What a script says of modules that are bad is decided here, by the parser, validation and linking; what it says of
actions becomes a claim that the model decides. Every action of the program sets registers of its thread, whose names
no function's local can have: `N` its trap register, `N.I` its I-th result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from litmus.language import script as ast
from litmus.language.spectest import SPECTEST, host_module
from semantics.diagnostics import Invalid, LinkError, Malformed, Span, TextError, Unsupported, WeftError
from semantics.exploration import program as target
from semantics.syntax.modules import Module
from semantics.syntax.types import ExternType, FuncType, GlobalType, NumType, ValType
from semantics.terms.floats import FORMATS
from semantics.text.context import suggestion
from semantics.text.printer import print_float
from semantics.validation import THREADS, match_extern, validate
from semantics.validation.spaces import interface

MAIN = "main"


@dataclass(frozen=True, slots=True)
class Decided:
    """An assertion about a module, decided when the script was read; `message` says why it failed. `passed` is None
    where the module is outside the implemented fragment."""

    span: Span
    thread: str
    text: str
    passed: bool | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """One result of an action: its register, its type, and the values with which an assertion accepts it."""

    register: str
    type: ValType
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """An assertion about an action, or an action alone (which must not trap).

    `marker` is the register that is 1 where the action trapped and 0 where it returned, absent where it did not end
    (for a `get`: the value that was read); `previous` that of the action before it in the thread. `joined` are threads
    that this thread waited for in between.
    """

    span: Span
    thread: str
    text: str
    kind: type[ast.AssertReturn] | type[ast.AssertTrap] | type[ast.AssertExhaustion] | type[ast.Invoke]
    marker: str
    previous: str | None
    joined: tuple[str, ...] = ()
    expected: tuple[Expected, ...] = ()
    get: bool = False
    message: str = ""  # AssertTrap: what the reason must begin with


@dataclass(frozen=True, slots=True)
class Lowered:
    """A script as a program, and what it claims, in the order of the text."""

    program: target.Program
    claims: tuple[Decided | Claim, ...]


def lower(script: ast.Script, name: str) -> Lowered:
    """Lowers a script.

    Raises the WeftError of a module that no assertion calls bad but that cannot be read, validated or linked, TextError
    for an unknown module, export or thread, and Unsupported for constants outside the implemented fragment.
    """
    claims: list[Decided | Claim] = []
    thread = _Thread(MAIN, claims, {}, _Counter())
    thread.run(script.commands)
    return Lowered(target.Program(name, target.HostThread(MAIN, tuple(thread.commands))), tuple(claims))


@dataclass(frozen=True, slots=True)
class _Instance:
    id: str
    module: Module
    exports: dict[str, ExternType]


@dataclass(slots=True)
class _Counter:
    """Numbers for instances and actions, unique in the script."""

    value: int = 0

    def next(self) -> int:
        self.value += 1
        return self.value


@dataclass(slots=True)
class _Thread:
    """The state of one thread's lowering. `modules` go by $name; `threads` are the children that `wait` may name."""

    name: str
    claims: list[Decided | Claim]
    modules: dict[str, _Instance]
    counter: _Counter
    current: _Instance | None = None
    registry: dict[str, _Instance] = field(default_factory=dict)
    threads: dict[str, str] = field(default_factory=dict)
    commands: list[target.Command] = field(default_factory=list)
    previous: str | None = None
    joined: list[str] = field(default_factory=list)

    def run(self, commands: tuple[ast.Command, ...]) -> None:
        """Lowers commands in order."""
        for command in commands:
            self._command(command)

    def _command(self, command: ast.Command) -> None:
        match command:
            case ast.Define(name, content):
                self._define(name, ast.module_of(content), command.span)
            case ast.Register(name, module):
                self.registry[name] = self._instance(module, command.span)
            case ast.Invoke() | ast.Get():
                self._action(command, ast.Invoke, command.span)
            case ast.AssertReturn(action, results):
                self._action(action, ast.AssertReturn, command.span, results)
            case ast.AssertTrap(action, message):
                if isinstance(action, ast.Define):
                    raise Unsupported("assert_trap of a module's instantiation", command.span)
                self._action(action, ast.AssertTrap, command.span, message=message)
            case ast.AssertExhaustion(action, message):
                self._action(action, ast.AssertExhaustion, command.span, message=message)
            case ast.AssertInvalid() | ast.AssertMalformed() | ast.AssertUnlinkable():
                self.claims.append(decide_refusal(command, self.name, lambda m: self._valid_providers(m, command.span)))
            case ast.Thread(name, shared, commands):
                self._spawn(name, shared, commands, command.span)
            case ast.Wait(name):
                self._wait(name, command.span)

    # --- modules --------------------------------------------------------------------------------
    def _define(self, name: str | None, module: Module, span: Span) -> None:
        validate(module, THREADS)
        instance = self._new(name, module)
        self.commands.append(target.Instantiate(instance.id, module, self._providers(module, span), span))
        self.current = instance
        if name is not None:
            self.modules[name] = instance

    def _new(self, name: str | None, module: Module) -> _Instance:
        types = interface(module)[1]
        exports = {e.name: t for e, t in zip(module.exports, types, strict=True)}
        return _Instance(f"{self.name}.{name or 'module'}#{self.counter.next()}", module, exports)

    def _providers(self, module: Module, span: Span) -> tuple[target.Provider, ...]:
        """Who provides each import. Raises LinkError, with the standard's words, where nobody fits."""
        found = []
        for wanted in module.imports:
            if wanted.module == SPECTEST and SPECTEST not in self.registry:
                self.registry[SPECTEST] = self._host_module(span)
            provider = self.registry.get(wanted.module)
            actual = provider.exports.get(wanted.name) if provider is not None else None
            what = f'"{wanted.module}" "{wanted.name}"'
            if provider is None or actual is None:
                raise LinkError(f"unknown import {what}", wanted.span or span)
            if not match_extern(actual, wanted.type):
                message = f"incompatible import type of {what}: it is {actual}, wanted is {wanted.type}"
                raise LinkError(message, wanted.span or span)
            found.append(target.Provider(provider.id, wanted.name))
        return tuple(found)

    def _host_module(self, span: Span) -> _Instance:
        instance = self._new(f"${SPECTEST}", host_module())
        self.commands.append(target.Instantiate(instance.id, instance.module, (), span))
        return instance

    def _valid_providers(self, module: Module, span: Span) -> tuple[target.Provider, ...]:
        validate(module, THREADS)
        return self._providers(module, span)

    def _instance(self, name: str | None, span: Span) -> _Instance:
        if name is not None:
            if name not in self.modules:
                raise TextError(f"unknown module {name}", span, expected=tuple(self.modules))
            return self.modules[name]
        if self.current is None:
            raise TextError("no module stands before this", span, expected=("(module ...)",))
        return self.current

    # --- actions --------------------------------------------------------------------------------
    def _action(
        self,
        action: ast.Action,
        kind: type[ast.AssertReturn] | type[ast.AssertTrap] | type[ast.AssertExhaustion] | type[ast.Invoke],
        span: Span,
        results: tuple[ast.Expectation, ...] = (),
        message: str = "",
    ) -> None:
        instance = self._instance(action.module, action.span)
        type_ = instance.exports.get(action.export)
        if type_ is None:
            hint = suggestion(action.export, instance.exports).strip()
            raise TextError(f'the module exports no "{action.export}"', action.span, hint=hint)
        number = str(self.counter.next())
        types = self._result_types(action, type_)
        registers = tuple(f"{number}.{i}" for i in range(len(types)))
        match action:
            case ast.Invoke(_, export, arguments):
                values = tuple((v.type, v.value) for v in map(value_of, arguments))
                wanted = type_.params if isinstance(type_, FuncType) else ()
                if tuple(t for t, _ in values) != wanted:
                    raise TextError(f'"{export}" takes other arguments: {type_}', action.span)
                command: target.Command = target.Invoke(
                    instance.id, export, values, registers, f"{number}:", number, action.span
                )
            case ast.Get(_, export):
                command = target.Get(instance.id, export, registers[0], action.span)
        if kind is ast.AssertReturn and len(results) != len(types):
            raise TextError(f"{len(results)} results are expected of an action with {len(types)}", span)
        expected = tuple(
            Expected(r, t, _alternatives(e, t)) for r, t, e in zip(registers, types, results, strict=False)
        )
        marker = number if isinstance(action, ast.Invoke) else registers[0]
        text = described(action, results, message, kind)
        self.claims.append(
            Claim(
                span,
                self.name,
                text,
                kind,
                marker,
                self.previous,
                tuple(self.joined),
                expected,
                isinstance(action, ast.Get),
                message,
            )
        )
        self.commands.append(command)
        self.previous = marker
        self.joined = []

    def _result_types(self, action: ast.Action, type_: ExternType) -> tuple[ValType, ...]:
        match action, type_:
            case ast.Invoke(), FuncType(_, _, results):
                return results
            case ast.Get(), GlobalType(_, _, content):
                return (content,)
        word = "function" if isinstance(action, ast.Invoke) else "global"
        raise TextError(f'the export "{action.export}" is no {word}', action.span)

    # --- threads --------------------------------------------------------------------------------
    def _spawn(self, name: str, shared: tuple[str, ...], commands: tuple[ast.Command, ...], span: Span) -> None:
        if name in self.threads:
            raise TextError(f"a second thread {name}", span)
        modules = {m: self._instance(m, span) for m in shared}
        child = _Thread(name[1:], self.claims, modules, self.counter)
        child.run(commands)
        self.threads[name] = child.name
        self.commands.append(target.Spawn(target.HostThread(child.name, tuple(child.commands)), span))

    def _wait(self, name: str, span: Span) -> None:
        if name not in self.threads:
            raise TextError(f"unknown thread {name}", span, expected=tuple(self.threads))
        self.commands.append(target.Join(self.threads[name], span))
        self.joined.append(self.threads[name])


_REFUSALS: dict[type, tuple[str, type[WeftError] | tuple[type[WeftError], ...]]] = {
    ast.AssertInvalid: ("assert_invalid", Invalid),
    ast.AssertMalformed: ("assert_malformed", (TextError, Malformed)),
    ast.AssertUnlinkable: ("assert_unlinkable", LinkError),
}


def decide_refusal(
    command: ast.AssertInvalid | ast.AssertMalformed | ast.AssertUnlinkable,
    thread: str,
    link: Callable[[Module], object],
) -> Decided:
    """Decides an assertion that a module is refused: by an error of the family that it names, whose message begins
    with its message. `link` validates and links a module."""
    text, family = _REFUSALS[type(command)]
    passed: bool | None
    try:
        module = ast.module_of(command.module.content)
        if isinstance(command, ast.AssertInvalid):
            validate(module, THREADS)
        elif isinstance(command, ast.AssertUnlinkable):
            link(module)
    except family as error:
        passed = error.message.startswith(command.message)
        why = f"refused for another reason: {error.message}"
    except Unsupported as error:
        passed, why = None, f"unsupported: {error.message}"
    except WeftError as error:
        passed, why = False, f"refused otherwise, as {error.family}: {error.message}"
    else:
        passed, why = False, "the module is accepted"
    shown = f'{text} "{command.message}"'
    return Decided(command.span, thread, shown, passed, "" if passed else why)


def value_of(constant: ast.Argument) -> ast.Value:
    """The constant, if it is inside the implemented fragment."""
    if isinstance(constant, ast.Refused):
        raise constant.error
    return constant


def _alternatives(expectation: ast.Expectation, type_: ValType) -> tuple[int, ...]:
    """The values that an assertion accepts for a result of that type."""
    choices = expectation.alternatives if isinstance(expectation, ast.Either) else (expectation,)
    values: list[int] = []
    for choice in choices:
        if isinstance(choice, ast.Pattern):
            if choice.word != ast.CANONICAL:
                raise Unsupported(f"{choice.word} as a result in a script with threads", choice.span)
            form = FORMATS[choice.type.bits]
            values += (form.canonical, form.sign | form.canonical)
        elif value_of(choice).type == type_:
            values.append(value_of(choice).value)
    return tuple(values)


def described(
    action: ast.Action,
    results: tuple[ast.Expectation, ...],
    message: str,
    kind: type[ast.AssertReturn] | type[ast.AssertTrap] | type[ast.AssertExhaustion] | type[ast.Invoke],
) -> str:
    """The claim in the script's own words, without the arguments."""
    head = "invoke" if isinstance(action, ast.Invoke) else "get"
    module = f"{action.module} " if action.module else ""
    shown = f'({head} {module}"{action.export}")'
    if kind is ast.AssertReturn:
        return " ".join(["assert_return", shown, *map(_spelled, results)])
    if kind is ast.Invoke:
        return shown[1:-1]
    return f'{"assert_trap" if kind is ast.AssertTrap else "assert_exhaustion"} {shown} "{message}"'


def _spelled(expectation: ast.Expectation) -> str:
    if isinstance(expectation, ast.Either):
        return f"(either {' '.join(map(_spelled, expectation.alternatives))})"
    if isinstance(expectation, ast.Refused):
        return "(?)"
    if isinstance(expectation, ast.Pattern):
        return (
            f"({expectation.type}.const {expectation.word})" if "nan" in expectation.word else f"({expectation.word})"
        )
    return spelled(expectation.type, expectation.value)


def spelled(type_: ValType, value: int) -> str:
    """A value as a script writes it."""
    if isinstance(type_, NumType):
        return f"({type_}.const {value if type_.is_integer else print_float(value, type_.bits)})"
    if value == 0:
        return "(ref.null)"
    return f"(ref.extern {value - ast.HOST_REFERENCES})" if value >= ast.HOST_REFERENCES else "(ref.func)"
