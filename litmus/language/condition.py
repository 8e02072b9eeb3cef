"""Conditions: from what a file names to propositions over observables, and back to herd's text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from litmus.language.parts import Comparison, Connective, Ended, RawProposition, Seen, Token
from litmus.language.test import KINDS, Condition, Kind
from semantics.diagnostics import TextError
from semantics.execution.outcomes import TRUE, And, Equals, HasStatus, Not, Observable, Or, Proposition, Same
from semantics.execution.structure import EXIT_CODE, Status
from semantics.text.literals import read_float, read_integer
from semantics.text.sexpr import Text

STATUSES = {s.value: s for s in Status if s is not Status.CUT}


@dataclass(frozen=True, slots=True)
class Names:
    """What a condition can name: registers of threads with what they hold, and cells with what they do.

    `threads` are the host's threads in order, so that a number names one; `registers` goes by thread name and has
    the functions that a fork may run too.
    """

    text: Text
    threads: tuple[str, ...]
    registers: Mapping[str, Mapping[str, Kind]]
    cells: Mapping[str, Kind]

    def observable(self, seen: Seen) -> tuple[Observable, Kind]:
        """The observable that a file names, and what it holds. Raises TextError for an unknown name."""
        name = seen.name.text
        if seen.thread is None:
            if name not in self.cells:
                raise self._unknown("location", seen.name, list(self.cells))
            return ("", name), self.cells[name]
        thread = self.thread(seen.thread)
        registers = self.registers[thread.partition("#")[0]]
        if name == EXIT_CODE and name not in registers:
            return (thread, name), KINDS["i32"]
        if name not in registers:
            raise self._unknown(f"register of {thread}", seen.name, list(registers))
        return (thread, name), registers[name]

    def thread(self, token: Token) -> str:
        """The name of the thread that a number or a name means."""
        word = token.text
        if word.isdecimal():
            if int(word) >= len(self.threads):
                raise self._unknown("thread", token, [str(n) for n in range(len(self.threads))])
            return self.threads[int(word)]
        base, repeated, number = word.partition("#")  # f#2: the second thread that runs f
        if base not in self.registers or (repeated and not number.isdecimal()):
            raise self._unknown("thread", token, list(self.registers))
        return word

    def value(self, token: Token, kind: Kind) -> int:
        """The bit pattern of a float literal, or of an integer, signed or unsigned, that fits. Raises TextError for
        what is no such number."""
        bits, expected = kind.bits, ("an integer",)
        value = read_float(token.text, bits) if kind.is_float else read_integer(token.text, bits)
        if value is not None:
            return value
        if kind.is_float:
            message, expected = f"{token.text} is no {kind}", ("a number in range, as 1.5, inf or nan",)
        elif token.type == "INT":
            message = f"{token.text} does not fit in {bits} bits"
            expected = (f"-{1 << (bits - 1)} to {(1 << bits) - 1}",)
        else:
            message = f"{token.text} is no integer"
        raise self.text.error(message, token.begin, token.end, expected=expected)

    def proposition(self, raw: RawProposition) -> Proposition:
        """A proposition with its names resolved."""
        match raw:
            case Comparison(left, right, equal):
                return self._comparison(left, right, equal)
            case Ended(thread, status):
                if status.text not in STATUSES:
                    raise self._unknown("status", status, list(STATUSES), hint="a register is compared: 0:r0=1")
                return HasStatus(self.thread(thread), STATUSES[status.text])
            case Connective(op, operands):
                parts = tuple(self.proposition(operand) for operand in operands)
                return _connect(op, parts)

    def _comparison(self, left: Seen, right: Seen | Token, equal: bool) -> Proposition:
        observable, kind = self.observable(left)
        found: Proposition
        if isinstance(right, Seen) and kind.is_float and self._is_special(right):
            right = right.name
        if isinstance(right, Seen):
            found = Same(observable, self.observable(right)[0])
        else:
            found = Equals(observable, self.value(right, kind))
        return found if equal else Not(found)

    def _is_special(self, seen: Seen) -> bool:
        """Whether what looks like a location is the number `nan` or `inf`."""
        return seen.thread is None and seen.name.text in ("nan", "inf") and seen.name.text not in self.cells

    def _unknown(self, kind: str, token: Token, known: list[str], hint: str = "") -> TextError:
        near = get_close_matches(token.text, known, 1, 0.5)
        message = f"unknown {kind} {token.text}" + (f"; did you mean {near[0]}?" if near else "")
        return self.text.error(
            message, token.begin, token.end, expected=tuple(known) or ("none: there is none",), hint=hint
        )


def _connect(op: str, parts: tuple[Proposition, ...]) -> Proposition:
    if op == "and":
        return And(_flat(And, parts))
    if op == "or":
        return Or(_flat(Or, parts))
    if op == "=>":
        return Or((Not(parts[0]), parts[1]))
    return Not(parts[0]) if op == "not" else TRUE


def _flat(kind: type[And] | type[Or], parts: tuple[Proposition, ...]) -> tuple[Proposition, ...]:
    flat: list[Proposition] = []
    for part in parts:
        flat += part.operands if isinstance(part, And | Or) and type(part) is kind and part != TRUE else (part,)
    return tuple(flat)


def observables(proposition: Proposition) -> tuple[Observable, ...]:
    """The observables that a proposition names, each once, in order of appearance."""
    found: dict[Observable, None] = {}

    def visit(p: Proposition) -> None:
        match p:
            case Equals(observable, _):
                found[observable] = None
            case Same(left, right):
                found[left] = found[right] = None
            case Not(operand):
                visit(operand)
            case And(operands) | Or(operands):
                for operand in operands:
                    visit(operand)

    visit(proposition)
    return tuple(found)


Spelling = Callable[[Observable, int], str]


def _number(_observable: Observable, value: int) -> str:
    return str(value)


def show_condition(condition: Condition, thread: Callable[[str], str] = str, spell: Spelling = _number) -> str:
    """A condition as herd prints it: `exists (0:r0=1 /\\ [x]=2)`; `thread` gives the name or number to print, `spell`
    how a value of an observable is written (an unsigned decimal)."""
    body = show_proposition(condition.proposition, thread, spell)
    return f"{condition.quantifier.value} {body if body.startswith('(') and _spans(body) else f'({body})'}"


def show_proposition(proposition: Proposition, thread: Callable[[str], str] = str, spell: Spelling = _number) -> str:
    """A proposition in the syntax of litmus files."""

    def name(observable: Observable) -> str:
        owner, item = observable
        return f"{thread(owner)}:{item}" if owner else f"[{item}]"

    def show(p: Proposition, tight: bool) -> str:
        match p:
            case Equals(observable, value):
                return f"{name(observable)}={spell(observable, value)}"
            case Same(left, right):
                return f"{name(left)}={name(right)}"
            case HasStatus(owner, status):
                return f"{thread(owner)}:{status.value}"
            case Not(Equals(observable, value)):
                return f"{name(observable)}!={spell(observable, value)}"
            case Not(Same(left, right)):
                return f"{name(left)}!={name(right)}"
            case Not(operand):
                return f"~{show(operand, True)}"
            case And(operands) | Or(operands):
                if not operands:
                    return "true" if isinstance(p, And) else "~true"
                joined = (" /\\ " if isinstance(p, And) else " \\/ ").join(show(o, True) for o in operands)
                return f"({joined})" if tight and len(operands) > 1 else joined

    return show(proposition, False)


def _spans(body: str) -> bool:
    """Whether the parenthesis that opens `body` closes at its end."""
    depth = 0
    for at, character in enumerate(body):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return at == len(body) - 1
    return False
