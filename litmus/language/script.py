"""`.wast` scripts: modules, actions, assertions and the host threads of the threads proposal, as commands with spans.

A script is read whole even where parts of it cannot be: a module or constant that is outside the implemented fragment,
and any module that an assertion says is bad, is kept as `Refused`, or as quoted text or bytes, and complains only
when `module_of` is asked for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from semantics.binary import decode_module
from semantics.diagnostics import Invalid, Source, Span, TextError, Unsupported, WeftError
from semantics.syntax.instructions import Const, RefNull
from semantics.syntax.modules import Module
from semantics.syntax.types import EXTERNREF, FUNCREF, NumType, ValType
from semantics.terms.floats import FORMATS
from semantics.text import Context, parse_module_fields
from semantics.text.context import suggestion
from semantics.text.cursor import Cursor
from semantics.text.modules import FIELDS, read_module
from semantics.text.opcodes import ROWS
from semantics.text.sexpr import Form, read_forms, text_of

NESTING = 50
"""How deep threads may nest: readers recurse over them."""


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a script; `span` is where it was written."""

    span: Span = field(compare=False, repr=False, kw_only=True)


# --- modules ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Quoted(Node):
    """(module quote "..."): text that is read when it is asked for."""

    text: str


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """(module binary "..."): the bytes of a module."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Refused(Node):
    """A module or constant that could not be read; `error` says why."""

    error: WeftError = field(compare=False)


Content = Module | Quoted | Binary | Refused


def module_of(content: Content) -> Module:
    """The module that a command defines.

    Raises the WeftError of text or bytes that cannot be read.
    """
    if isinstance(content, Module):
        return content
    if isinstance(content, Quoted):
        source = Source(f"{content.span} (quoted)", content.text)
        return parse_module_fields(source, 0, len(content.text))[0]
    if isinstance(content, Binary):
        return decode_module(content.content, f"{content.span} (binary)")
    raise content.error


# --- constants ----------------------------------------------------------------------------------
HOST_REFERENCES = 1 << 31
"""(ref.extern n) is the reference HOST_REFERENCES + n: no address of a store is as large."""


@dataclass(frozen=True, slots=True)
class Value(Node):
    """A constant: a number as unsigned bit pattern, or a reference (0 is null)."""

    type: ValType
    value: int


@dataclass(frozen=True, slots=True)
class Pattern(Node):
    """A class of values that an assertion accepts: nan:canonical, nan:arithmetic, (ref.extern), (ref.func)."""

    type: ValType
    word: str

    def accepts(self, value: int) -> bool:
        """Whether a value of the type is in the class."""
        form = FORMATS.get(self.type.bits)
        if self.word == CANONICAL and form is not None:
            return form.is_canonical(value)
        if self.word == ARITHMETIC and form is not None:
            return form.is_arithmetic(value)
        return value != 0


@dataclass(frozen=True, slots=True)
class Either(Node):
    """(either r r ...): one result out of several."""

    alternatives: tuple[Value | Pattern | Refused, ...]


Argument = Value | Refused
Expectation = Value | Pattern | Either | Refused
CANONICAL, ARITHMETIC = "nan:canonical", "nan:arithmetic"


# --- commands -----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Define(Node):
    """(module $name? ...): instantiates a module and makes it the current one."""

    name: str | None
    content: Content


@dataclass(frozen=True, slots=True)
class Register(Node):
    """(register "name" $module?): importable by that name from here on."""

    name: str
    module: str | None


@dataclass(frozen=True, slots=True)
class Invoke(Node):
    """(invoke $module? "export" argument*)"""

    module: str | None
    export: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Get(Node):
    """(get $module? "export"): reads an exported global."""

    module: str | None
    export: str


Action = Invoke | Get


@dataclass(frozen=True, slots=True)
class AssertReturn(Node):
    """(assert_return action result*)"""

    action: Action
    results: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True)
class AssertTrap(Node):
    """(assert_trap action "message"), or of a module whose instantiation traps."""

    action: Action | Define
    message: str


@dataclass(frozen=True, slots=True)
class AssertExhaustion(Node):
    """(assert_exhaustion action "message"): the call runs out of stack."""

    action: Action
    message: str


@dataclass(frozen=True, slots=True)
class AssertInvalid(Node):
    """(assert_invalid module "message"): validation refuses it."""

    module: Define
    message: str


@dataclass(frozen=True, slots=True)
class AssertMalformed(Node):
    """(assert_malformed module "message"): it cannot be read."""

    module: Define
    message: str


@dataclass(frozen=True, slots=True)
class AssertUnlinkable(Node):
    """(assert_unlinkable module "message"): an import has no provider of its type."""

    module: Define
    message: str


@dataclass(frozen=True, slots=True)
class Thread(Node):
    """(thread $name (shared (module $m))* command*): a host thread; of the modules outside it sees `shared` alone."""

    name: str
    shared: tuple[str, ...]
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Wait(Node):
    """(wait $name): until that thread has ended."""

    thread: str


Command = (
    Define | Register | Invoke | Get | Thread | Wait
    | AssertReturn | AssertTrap | AssertExhaustion | AssertInvalid | AssertMalformed | AssertUnlinkable
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Script:
    """The commands of a `.wast` file, in order."""

    source: Source
    commands: tuple[Command, ...]


def parse_script(source: Source) -> Script:
    """The commands of a `.wast` text; bare module fields stand for one module.

    Raises TextError for text that is not of the grammar and for unknown names in modules that no assertion calls bad;
    Unsupported for a command that is not known to us.
    """
    text = text_of(source)
    forms = read_forms(text)
    cursor = Cursor(text, forms)
    if cursor.at_end:
        raise TextError(
            "the script is empty", Span(source, 1, 1, 1, 1), expected=("(module ...)", "(assert_return ...)")
        )
    if cursor.peek_head() in FIELDS - {"module"}:
        span = cursor.span()
        return Script(
            source, (Define(None, _content(lambda: read_module(cursor)[0], span, (Unsupported, Invalid)), span=span),)
        )
    return Script(source, _commands(cursor))


def _commands(cursor: Cursor, depth: int = 0) -> tuple[Command, ...]:
    commands: list[Command] = []
    while not cursor.at_end:
        head = cursor.peek_head()
        reader = _COMMANDS.get(head) if head else None
        if reader is not None:
            commands.append(reader(cursor.take_form()))
        elif head == "thread":
            commands.append(_thread(cursor.take_form(), depth))
        else:
            raise _unknown_command(cursor, head)
    return tuple(commands)


def _unknown_command(cursor: Cursor, head: str | None) -> WeftError:
    if head is None:
        return cursor.unexpected("a command such as (module ...) or (assert_return ...)")
    if head in ("component", "script", "input", "output", "instance", "assert_exception", "assert_suspension"):
        return cursor.unsupported(f"the script command {head}")
    known = (*_COMMANDS, "thread")
    return cursor.error(f"unknown command {head}{suggestion(head, known)}", expected=known)


_Families = tuple[type[WeftError], ...]
_NUMBERS = {f"{t}.const": t for t in NumType}
_NOTHING = Context()  # constants mention no names


# --- modules ------------------------------------------------------------------------------------
def _define(cursor: Cursor, lazy: _Families = (Unsupported, Invalid)) -> Define:
    """Reads a module; errors of the families `lazy` are kept in it."""
    after_name = Cursor(cursor.text, cursor.form, 1)
    name = after_name.name()
    span = cursor.span()
    if after_name.keyword("quote"):
        text = b" ".join(_strings(after_name))
        return Define(name, _content(lambda: Quoted(_utf8(text, span), span=span), span, (WeftError,)), span=span)
    if after_name.keyword("binary"):
        return Define(name, Binary(b"".join(_strings(after_name)), span=span), span=span)
    if after_name.peek() in ("definition", "instance"):
        raise after_name.unsupported(f"(module {after_name.peek()} ...)")
    return Define(name, _content(lambda: read_module(cursor)[0], span, lazy), span=span)


def _content(read: Callable[[], Content], span: Span, lazy: _Families) -> Content:
    try:
        return read()
    except lazy as error:
        return Refused(error, span=span)


def _strings(cursor: Cursor) -> list[bytes]:
    strings = []
    while not cursor.at_end:
        strings.append(cursor.string())
    return strings


def _utf8(text: bytes, span: Span) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise TextError("malformed UTF-8 encoding", span) from None


# --- actions and constants ----------------------------------------------------------------------
def _action(cursor: Cursor) -> Action:
    head = cursor.peek_head()
    if head == "invoke":
        return _invoke(cursor.take_form())
    if head == "get":
        return _get(cursor.take_form())
    raise cursor.unexpected("(invoke ...)", "(get ...)")


def _invoke(cursor: Cursor) -> Invoke:
    module, export = cursor.name(), cursor.utf8("the name of an export")
    arguments = []
    while not cursor.at_end:
        arguments.append(_constant(cursor))
    return Invoke(module, export, tuple(arguments), span=cursor.span())


def _get(cursor: Cursor) -> Get:
    module, export = cursor.name(), cursor.utf8("the name of an export")
    cursor.finish('")"')
    return Get(module, export, span=cursor.span())


def _constant(cursor: Cursor) -> Value | Refused:
    """Takes (t.const c), (ref.null t) or (ref.extern n)."""
    head = cursor.peek_head()
    if head is None:
        raise cursor.unexpected("a constant such as (i32.const 1)")
    begin, end = cursor.place()
    span = cursor.text.span(begin, end)
    if head in _NUMBERS or head == "ref.null":
        inner = cursor.take_form()
        immediates, build = ROWS[head]
        built = build(*(immediates(inner, _NOTHING) if immediates else ()))
        inner.finish('")"')
        if isinstance(built, Const | RefNull):
            return Value(built.type, built.value if isinstance(built, Const) else 0, span=span)
    if head in ("ref.extern", "ref.host"):
        inner = cursor.take_form()
        value = Value(EXTERNREF, HOST_REFERENCES | inner.number("the number of a host reference"), span=span)
        inner.finish('")"')
        return value
    if re.match(r"v128|ref\.", head):
        cursor.take_form()
        return Refused(Unsupported(f"the constant ({head} ...)", span), span=span)
    raise TextError(
        f"({head} ...) is not a constant", span, expected=("(i32.const n)", "(f64.const z)", "(ref.null t)")
    )


def _accepted(cursor: Cursor) -> Value | Pattern | Refused:
    """Takes a constant, or a class of values."""
    begin, end = cursor.place()
    head = cursor.peek_head()
    form = cursor.items[cursor.index] if head else None
    if isinstance(form, Form):
        second = Cursor(cursor.text, form, 1).peek()
        type = _NUMBERS[head] if head in _NUMBERS and second in (CANONICAL, ARITHMETIC) else None
        if type is not None and second is not None:
            cursor.index += 1
            return Pattern(type, second, span=cursor.text.span(begin, end))
        if head in ("ref.extern", "ref.func") and len(form.items) == 1:
            cursor.index += 1
            kind = EXTERNREF if head == "ref.extern" else FUNCREF
            return Pattern(kind, head, span=cursor.text.span(begin, end))
    return _constant(cursor)


def _expectation(cursor: Cursor) -> Expectation:
    inner = cursor.nested("either")
    if inner is None:
        return _accepted(cursor)
    alternatives = [_accepted(inner)]
    while not inner.at_end:
        alternatives.append(_accepted(inner))
    return Either(tuple(alternatives), span=inner.span())


# --- commands -----------------------------------------------------------------------------------
def _register(cursor: Cursor) -> Register:
    name, module = cursor.utf8("the name to register"), cursor.name()
    cursor.finish('")"')
    return Register(name, module, span=cursor.span())


def _thread(cursor: Cursor, depth: int) -> Thread:
    name = _required_name(cursor, "the name of the thread, such as $T1")
    shared = []
    while declaration := cursor.nested("shared"):
        while module := declaration.nested("module"):
            shared.append(_required_name(module, "the name of a module, such as $M"))
            module.finish('")"')
        declaration.finish("(module $m)")
    if depth >= NESTING:
        raise Unsupported(f"threads that nest more than {NESTING} deep", cursor.span())
    return Thread(name, tuple(shared), _commands(cursor, depth + 1), span=cursor.span())


def _wait(cursor: Cursor) -> Wait:
    name = _required_name(cursor, "the name of a thread, such as $T1")
    cursor.finish('")"')
    return Wait(name, span=cursor.span())


def _required_name(cursor: Cursor, expected: str) -> str:
    name = cursor.name()
    if name is None:
        raise cursor.unexpected(expected)
    return name


def _assert_return(cursor: Cursor) -> AssertReturn:
    action = _action(cursor)
    results = []
    while not cursor.at_end:
        results.append(_expectation(cursor))
    return AssertReturn(action, tuple(results), span=cursor.span())


def _message(cursor: Cursor) -> str:
    message = cursor.utf8("the message of the failure")
    cursor.finish('")"')
    return message


def _assert_trap(cursor: Cursor) -> AssertTrap:
    inner = cursor.nested("module")
    action = _define(inner) if inner else _action(cursor)
    return AssertTrap(action, _message(cursor), span=cursor.span())


def _assert_exhaustion(cursor: Cursor) -> AssertExhaustion:
    return AssertExhaustion(_action(cursor), _message(cursor), span=cursor.span())


_Bad = type[AssertInvalid] | type[AssertMalformed] | type[AssertUnlinkable]


def _assert_bad(build: _Bad) -> Callable[[Cursor], Command]:
    def read(cursor: Cursor) -> Command:
        inner = cursor.nested("module")
        if inner is None:
            raise cursor.unexpected("(module ...)")
        return build(_define(inner, (WeftError,)), _message(cursor), span=cursor.span())

    return read


_COMMANDS: dict[str, Callable[[Cursor], Command]] = {
    "module": _define,
    "register": _register,
    "invoke": _invoke,
    "get": _get,
    "wait": _wait,
    "assert_return": _assert_return,
    "assert_trap": _assert_trap,
    "assert_exhaustion": _assert_exhaustion,
    "assert_invalid": _assert_bad(AssertInvalid),
    "assert_malformed": _assert_bad(AssertMalformed),
    "assert_unlinkable": _assert_bad(AssertUnlinkable),
}
