"""Host scripts: `script NAME { ... }`, what the agents of a page do, as commands of host threads (FORMAT.md,
systems.md B.1).

A script is straight-line. Which objects a message carries does not depend on data: it is known here, and only its
numbers travel in executions. So scripts are read side by side; one that receives goes on when the message has been
posted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from litmus.language.compiled import MEMORY
from litmus.language.host_objects import ATOMICS, Buffer, Code, Linked, Member, Number, Thing, atomics, shape, sort_of
from litmus.language.parts import Parts, ThreadText, Token
from litmus.language.test import Kind
from semantics.diagnostics import NotExpressible, Span, TextError, Unsupported
from semantics.exploration.program import (
    ANYBODY,
    Command,
    HostThread,
    Instantiate,
    Invoke,
    Post,
    Provider,
    Receive,
    Sent,
    Spawn,
    Terminate,
)
from semantics.runtime.profile import ANY, Profile
from semantics.syntax.modules import Export, ExternKind, Memory, Module
from semantics.syntax.types import F32, F64, I32, FuncType, Limits, MemType, Share, ValType
from semantics.text.context import suggestion
from semantics.text.literals import read_float, read_integer
from semantics.text.sexpr import Text
from semantics.validation import validate

_LINE = re.compile(r"[^\n]+")
_WORD = re.compile(r"=|[^\s=]+")
_COMMENT = re.compile(r";;.*")
MAX_PAGES = 65536


class Program(NamedTuple):
    """The main agent, and what the registers of all agents hold."""

    main: HostThread
    registers: dict[str, dict[str, Kind]]


@dataclass(slots=True)
class _Script:
    """An agent while its script is read: `lines` are still to come."""

    name: Token
    lines: list[list[Token]]
    commands: list[Command | str] = field(default_factory=list)  # a name: starts that agent
    known: dict[str, Thing] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)  # messages, by sender
    merged: list[tuple[Token, list[Thing]]] = field(default_factory=list)  # messages from anybody
    started: bool = False


def require_scripts(text: Text, parts: Parts, profile: Profile) -> None:
    """Scripts stand with scripts alone, in a design whose host runs them."""
    first = next(thread.name for thread in parts.threads if thread.script)
    if not profile.scripts:
        raise NotExpressible(profile.name, "host scripts", text.span(first.begin, first.end))
    other = next((thread.name for thread in parts.threads if not thread.script), None)
    if other is not None:
        raise text.error("a test with scripts has no other threads", other.begin, other.end)
    if parts.file is not None or parts.prelude is not None:
        raise text.error("scripts instantiate modules by name: module M { ... }", first.begin, first.end)


def lower(
    text: Text,
    threads: Sequence[ThreadText],
    modules: Mapping[str, Module],
    memory: Buffer,
    addresses: Mapping[str, int],
    profile: Profile,
    before: Sequence[Command],
) -> Program:
    """The commands of the agents; the first script is the main agent's, which knows the test's memory as `memory` and
    runs the commands `before` first. Raises TextError for what is no statement, and for names and numbers that do not
    fit."""
    return _Agents(text, threads, modules, memory, addresses, profile).program(before)


class _Agents:
    """All scripts of a test."""

    def __init__(
        self,
        text: Text,
        threads: Sequence[ThreadText],
        modules: Mapping[str, Module],
        memory: Buffer,
        addresses: Mapping[str, int],
        profile: Profile,
    ) -> None:
        self.text = text
        self.modules = modules
        self.addresses = addresses
        self.profile = profile
        self.scripts = {t.name.text: _Script(t.name, self._lines(t)) for t in threads}
        self.posted: dict[tuple[str, str], list[list[Thing]]] = {}
        self.memories: list[Command] = []
        self.main = next(iter(self.scripts.values()))
        self.main.known["memory"] = memory
        self.main.started = True
        self.verbs: dict[str, Callable[[_Script, list[Token], list[Token], Span], bool]] = {
            "compile": self._compile,
            "memory": self._memory,
            "instantiate": self._instantiate,
            "call": self._call,
            "worker": self._worker,
            "post": self._post,
            "receive": self._receive,
            "terminate": self._terminate,
            **{f"Atomics.{name}": self._atomics for name in ATOMICS},
        }

    def program(self, before: Sequence[Command]) -> Program:
        """Reads all scripts as far as they get."""
        going = True
        while going:
            going = False
            for script in self.scripts.values():
                while script.started and script.lines and self._statement(script, script.lines[0]):
                    going = True
                    script.lines[:1] = []
        for script in self.scripts.values():
            if not script.started:
                name = script.name
                raise self._error(name, f"script {name.text} is never started", hint=f"worker {name.text}")
            if script.lines:  # for ever: nobody posts what it waits for
                _, sender = self._split(script.lines[0])[1][:2]
                script.commands.append(Receive(sender.text, (), self._span(script.lines[0])))
            self._check_merged(script)
        kinds = {name: script.kinds for name, script in self.scripts.items()}
        main = self._thread(self.main)
        # nobody knows a memory before its creator posts it: that all are made at the start cannot be told
        return Program(HostThread(main.name, (*before, *self.memories, *main.commands)), kinds)

    def _thread(self, script: _Script) -> HostThread:
        commands = (Spawn(self._thread(self.scripts[c])) if isinstance(c, str) else c for c in script.commands)
        return HostThread(script.name.text, tuple(commands))

    # --- reading ----------------------------------------------------------------------------------
    def _lines(self, thread: ThreadText) -> list[list[Token]]:
        found = []
        for part in thread.code:
            for line in _LINE.finditer(self.text.source.text, part.begin, part.end):
                end = line.end()
                comment = _COMMENT.search(self.text.source.text, line.start(), line.end())
                if comment is not None:
                    end = comment.start()
                words = _WORD.finditer(self.text.source.text, line.start(), end)
                tokens = [Token("NAME", word.group(), word.start()) for word in words]
                if tokens:
                    found.append(tokens)
        return found

    def _split(self, line: list[Token]) -> tuple[list[Token], list[Token]]:
        """The names on the left of `=`, and the words on its right."""
        marks = [i for i, token in enumerate(line) if token.text == "="]
        if not marks:
            return [], line
        if len(marks) > 1 or marks[0] in (0, len(line) - 1):
            raise self._error(line[marks[-1]], "unexpected =", expected=("names = statement",))
        return line[: marks[0]], line[marks[0] + 1 :]

    def _statement(self, script: _Script, line: list[Token]) -> bool:
        """Whether the statement is done; if not it waits for a message."""
        names, words = self._split(line)
        verb = self.verbs.get(words[0].text)
        if verb is None:
            hint = suggestion(words[0].text, self.verbs)
            raise self._error(words[0], f"{words[0].text} is no statement of a script{hint}", expected=(*self.verbs,))
        return verb(script, names, words, self._span(line))

    def _error(self, token: Token, message: str, *, expected: tuple[str, ...] = (), hint: str = "") -> TextError:
        return self.text.error(message, token.begin, token.end, expected=expected, hint=hint)

    def _span(self, line: list[Token]) -> Span:
        return self.text.span(line[0].begin, line[-1].end)

    def _arity(self, words: list[Token], least: int, most: int, form: str) -> list[Token]:
        """The operands of a statement."""
        if not least <= len(words) - 1 <= most:
            raise self._error(words[0], f"{words[0].text} takes other operands", expected=(form,))
        return words[1:]

    def _bind(self, script: _Script, names: list[Token], things: Sequence[Thing], what: str) -> None:
        """Names for what a statement yields; all of it, or none."""
        if names and len(names) != len(things):
            raise self._error(names[0], f"{what} yields {len(things)} values")
        for name, thing in zip(names, things, strict=False):
            if not re.fullmatch(r"[A-Za-z_]\w*", name.text):
                raise self._error(name, f"{name.text} is not a name")
            script.known[name.text] = Number(thing.type, name.text) if isinstance(thing, Number) else thing
            if isinstance(thing, Number):
                kind = Kind(thing.type.bits, thing.type in (F32, F64))
                if script.kinds.setdefault(name.text, kind) != kind:
                    raise self._error(name, f"{name.text} holds {script.kinds[name.text]} elsewhere")

    def _thing(self, script: _Script, token: Token, type: ValType = I32) -> Thing:
        """What a word of a script means; a literal is of the given type."""
        word = token.text
        if word in script.known:
            return script.known[word]
        owner, dot, member = word.partition(".")
        linked = script.known.get(owner)
        if dot and isinstance(linked, Linked):
            export = next((e for e in linked.module.exports if e.name == member), None)
            if export is None:
                names = [e.name for e in linked.module.exports]
                raise self._error(
                    token, f"{owner} has no export {member}{suggestion(member, names)}", expected=(*names,)
                )
            if export.kind is not ExternKind.MEMORY:
                return Member(linked, export)
            if export.index < len(linked.memories):
                return linked.memories[export.index]
            type_ = linked.module.memories[export.index - len(linked.memories)].type
            return Buffer(linked.instance, type_, export.name, own=True)
        literal = read_float(word, type.bits) if type in (F32, F64) else read_integer(word, type.bits)
        if literal is not None:
            return Number(type, literal)
        if word in self.modules:
            return Code(self.modules[word])
        known = [*script.known, *self.modules]
        raise self._error(token, f"unknown name {word}{suggestion(word, known)}", expected=(*known, "a number"))

    def _number(self, script: _Script, token: Token, type: ValType) -> Number:
        if token.text in self.addresses and token.text not in script.known:
            return Number(I32, self.addresses[token.text])
        found = self._thing(script, token, type)
        if not isinstance(found, Number) or found.type != type:
            raise self._error(token, f"{token.text} is no {type}")
        return found

    def _agent(self, token: Token) -> _Script:
        if token.text not in self.scripts:
            hint = suggestion(token.text, self.scripts)
            raise self._error(token, f"unknown script {token.text}{hint}", expected=(*self.scripts,))
        return self.scripts[token.text]

    # --- statements -------------------------------------------------------------------------------
    def _compile(self, script: _Script, names: list[Token], words: list[Token], _span: Span) -> bool:
        [name] = self._arity(words, 1, 1, "m = compile MODULE")
        if name.text not in self.modules:
            raise self._error(name, f"unknown module {name.text}", expected=(*self.modules,))
        self._bind(script, names, [Code(self.modules[name.text])], "compile")
        return True

    def _memory(self, script: _Script, names: list[Token], words: list[Token], span: Span) -> bool:
        sizes = self._arity(words, 1, 3, "mem = memory MIN [MAX] [shared]")
        share = Share.LOCAL
        if sizes[-1].text == "shared":
            share = Share.SHARED
            sizes = sizes[:-1]
        pages = [read_integer(token.text, 32) for token in sizes]
        wrong = next((t for t, p in zip(sizes, pages, strict=True) if p is None or p > MAX_PAGES), None)
        if wrong is not None or not pages or len(pages) > 2 or (share is Share.SHARED and len(pages) < 2):
            raise self._error(
                wrong or words[0], "these are no sizes of a memory", expected=("mem = memory 1 1 shared",)
            )
        least, most = pages[0] or 0, pages[1] if len(pages) > 1 else None
        type = MemType(share, Limits(least, most))
        instance = f"{script.name.text}.memory{len(self.memories)}"
        module = Module(memories=(Memory(type),), exports=(Export(MEMORY, ExternKind.MEMORY, 0),))
        validate(module, self.profile.typing)
        self.memories.append(Instantiate(instance, module, (), span))
        self._bind(script, names, [Buffer(instance, type)], "memory")
        return True

    def _instantiate(self, script: _Script, names: list[Token], words: list[Token], span: Span) -> bool:
        form = "i = instantiate MODULE (what its imports are, in their order)"
        first, *rest = self._arity(words, 1, len(words), form)
        code = self._thing(script, first)
        if not isinstance(code, Code):
            raise self._error(first, f"{first.text} is no module", expected=(*self.modules,))
        providers: list[Provider | None] = []
        memories: list[Buffer] = []
        given = iter(rest)
        for wanted in code.module.imports:
            key = (wanted.module, wanted.name)
            if key in self.profile.host or (wanted.module, ANY) in self.profile.host:
                providers.append(None)
                continue
            token = next(given, None)
            if token is None:
                raise self._error(first, f'nothing is given for the import "{wanted.module}" "{wanted.name}"')
            thing = self._thing(script, token)
            if isinstance(thing, Buffer):
                memories.append(thing)
            providers.append(self._provider(thing, token))
        left = next(given, None)
        if left is not None:
            raise self._error(left, f"{first.text} has no more imports")
        instance = f"{script.name.text}.{sum(isinstance(c, Instantiate) for c in script.commands)}"
        script.commands.append(Instantiate(instance, code.module, tuple(providers), span))
        self._bind(script, names, [Linked(instance, code.module, tuple(memories))], "instantiate")
        return True

    def _provider(self, thing: Thing, token: Token) -> Provider:
        if isinstance(thing, Buffer):
            return Provider(thing.instance, thing.export)
        if isinstance(thing, Member):
            return Provider(thing.of.instance, thing.export.name)
        raise self._error(token, f"{token.text} cannot be imported", expected=("a memory", "instance.export"))

    def _call(self, script: _Script, names: list[Token], words: list[Token], span: Span) -> bool:
        first, *rest = self._arity(words, 1, len(words), "r = call INSTANCE.FUNCTION (arguments)")
        callee = self._thing(script, first)
        if not isinstance(callee, Member) or callee.export.kind is not ExternKind.FUNC:
            raise self._error(first, f"{first.text} is no function", expected=("instance.function",))
        module, index = callee.of.module, callee.export.index
        imported = module.imported(ExternKind.FUNC)
        type = imported[index].type if index < len(imported) else module.funcs[index - len(imported)].type
        assert isinstance(type, FuncType)
        prefix = f"{callee.export.name}."
        if index >= len(imported):
            function = module.funcs[index - len(imported)]
            for local, held in zip(function.local_names, (*type.params, *function.locals), strict=False):
                if local is not None:
                    script.kinds[prefix + local.removeprefix("$")] = Kind(held.bits, held in (F32, F64))
        self._invoke(script, names, (callee.of.instance, callee.export.name, prefix), type, (first, rest), span)
        return True

    def _invoke(
        self,
        script: _Script,
        names: list[Token],
        callee: tuple[str, str, str],
        type: FuncType,
        words: tuple[Token, list[Token]],
        span: Span,
    ) -> None:
        """Calls a function; `callee` is the instance, the export and what stands before the names of its locals."""
        first, rest = words
        if len(rest) != len(type.params):
            wanted = " ".join(map(str, type.params)) or "none"
            raise self._error(first, f"{first.text} takes other arguments", expected=(wanted,))
        arguments = tuple(tuple(self._number(script, w, t)) for w, t in zip(rest, type.params, strict=True))
        if names and len(names) != len(type.results):
            raise self._error(names[0], f"{first.text} yields {len(type.results)} values")
        instance, export, prefix = callee
        results = tuple(name.text for name in names)
        self._bind(script, names, [Number(t, "") for t in type.results], first.text)
        script.commands.append(Invoke(instance, export, arguments, results, prefix, span=span))  # type: ignore[arg-type]

    def _worker(self, script: _Script, names: list[Token], words: list[Token], _span: Span) -> bool:
        [name] = self._arity(words, 1, 1, "worker SCRIPT")
        agent = self._agent(name)
        if agent.started:
            raise self._error(name, f"script {name.text} is started twice")
        agent.started = True
        script.commands.append(name.text)
        return True

    def _post(self, script: _Script, names: list[Token], words: list[Token], span: Span) -> bool:
        first, *rest = self._arity(words, 1, len(words), "post SCRIPT (what)")
        receiver = self._agent(first).name.text
        things = [self._thing(script, token) for token in rest]
        for thing, token in zip(things, rest, strict=True):
            if isinstance(thing, Buffer) and thing.own:
                what = "a message with a memory that a module defines"
                raise Unsupported(f"{what}: make it with `memory`, and import it", self._span([token]))
        objects = frozenset(sort_of(thing) for thing in things if not isinstance(thing, Number))
        numbers = tuple((thing.type, thing.value) for thing in things if isinstance(thing, Number))
        script.commands.append(Post(receiver, numbers, objects, span))
        if Sent.OTHER in objects:  # the exception ends the script
            del script.lines[1:]
        else:
            self.posted.setdefault((script.name.text, receiver), []).append(things)
        return True

    def _receive(self, script: _Script, names: list[Token], words: list[Token], span: Span) -> bool:
        first, *rest = self._arity(words, 1, len(words), "receive SCRIPT (names)")
        if first.text == ANYBODY:
            return self._receive_any(script, first, rest, span)
        if script.merged:
            raise self._error(first, "only receive * may follow on receive *")
        sender = self._agent(first).name.text
        ordinal = script.received.get(sender, 0)
        messages = self.posted.get((sender, script.name.text), [])
        if ordinal >= len(messages):
            return False
        things = messages[ordinal]
        if len(rest) != len(things):
            raise self._error(first, f"message {ordinal + 1} from {sender} has {len(things)} parts")
        script.received[sender] = ordinal + 1
        self._bind(script, rest, things, "the message")
        results = tuple((t.type, n.text) for t, n in zip(things, rest, strict=True) if isinstance(t, Number))
        script.commands.append(Receive(sender, results, span))
        return True

    def _receive_any(self, script: _Script, first: Token, rest: list[Token], span: Span) -> bool:
        """Reads the message as one of those that may come is: the others must be alike, see _check_merged."""
        messages = [m for _, sent in self._inbox(script) for m in sent]
        if len(script.merged) >= len(messages):
            return False
        things = messages[0]
        if len(rest) != len(things):
            raise self._error(first, f"a message to {script.name.text} has {len(things)} parts")
        script.merged.append((first, things))
        self._bind(script, rest, things, "the message")
        results = tuple((t.type, n.text) for t, n in zip(things, rest, strict=True) if isinstance(t, Number))
        script.commands.append(Receive(ANYBODY, results, span))
        return True

    def _inbox(self, script: _Script) -> list[tuple[str, list[list[Thing]]]]:
        """The messages to an agent, by sender, but for those that it takes by their sender's name."""
        return [
            (sender, sent[script.received.get(sender, 0) :])
            for (sender, to), sent in self.posted.items()
            if to == script.name.text
        ]

    def _check_merged(self, script: _Script) -> None:
        """That all messages which a receive may take carry the same objects, and numbers of the same types."""
        for ordinal, (place, things) in enumerate(script.merged):
            for sender, sent in self._inbox(script):
                if any(shape(other) != shape(things) for other in sent[: ordinal + 1]):
                    raise self._error(place, f"the messages that may come differ: see those from {sender}")

    def _terminate(self, script: _Script, names: list[Token], words: list[Token], span: Span) -> bool:
        [name] = self._arity(words, 1, 1, "terminate SCRIPT")
        agent = self._agent(name)
        if agent is self.main:
            raise self._error(name, "the main agent is no worker")
        script.commands.append(Terminate(name.text, span))
        return True

    def _atomics(self, script: _Script, names: list[Token], words: list[Token], span: Span) -> bool:
        """Atomics on a buffer, by byte address: what the instructions of that name do, called by the host."""
        operation = words[0].text.removeprefix("Atomics.")
        params, results, _ = ATOMICS[operation]
        first, *rest = self._arity(words, 1, len(words), f"{words[0].text} MEMORY ADDRESS ...")
        buffer = self._thing(script, first)
        if not isinstance(buffer, Buffer):
            raise self._error(first, f"{first.text} is no memory")
        instance = f"{script.name.text}.Atomics.{buffer.instance}.{buffer.export}"
        if not any(isinstance(c, Instantiate) and c.instance == instance for c in script.commands):
            module = atomics(buffer.type, self.profile)
            provider = Provider(buffer.instance, buffer.export)
            script.commands.append(Instantiate(instance, module, (provider,), span))
        type = FuncType(Share.LOCAL, params, results)
        self._invoke(script, names, (instance, operation, ""), type, (words[0], rest), span)
        return True
