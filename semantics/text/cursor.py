"""A place in a form: what the readers of types, instructions and module fields move along."""

from __future__ import annotations

from semantics.diagnostics import Span, TextError, Unsupported
from semantics.syntax.types import RefType
from semantics.text.literals import is_integer, is_token, read_index, read_string
from semantics.text.sexpr import Form, Item, Text


class Cursor:
    """Reads the items of one form from left to right."""

    __slots__ = ("form", "index", "items", "opaque", "text")

    def __init__(self, text: Text, form: Form, index: int = 0, opaque: dict[str, RefType] | None = None) -> None:
        """A cursor at the `index`-th item of a form of `text`; `opaque`: the names of imported types in scope."""
        self.text = text
        self.form = form
        self.items = form.items
        self.index = index
        self.opaque = {} if opaque is None else opaque

    @property
    def at_end(self) -> bool:
        """Whether every item was read."""
        return self.index >= len(self.items)

    def peek(self) -> str | None:
        """The next item where it is a word or a string."""
        if self.index < len(self.items):
            item = self.items[self.index]
            if item.__class__ is not Form:
                return item[0]  # type: ignore[index]
        return None

    def peek_head(self) -> str | None:
        """The head of the next item where it is a form."""
        if self.index < len(self.items):
            item = self.items[self.index]
            if item.__class__ is Form:
                return item.head
        return None

    def keyword(self, word: str) -> bool:
        """Takes the next item if it is that word."""
        if self.peek() == word:
            self.index += 1
            return True
        return False

    def name(self) -> str | None:
        """Takes the next item if it is a name, as $x."""
        word = self.peek()
        if word is None or word[0] != "$":
            return None
        if len(word) == 1:
            raise self.unexpected("a name such as $x")
        self.index += 1
        return word

    def nested(self, head: str) -> Cursor | None:
        """Takes the next item if it is a form with that head; the cursor stands behind the head."""
        if self.peek_head() != head:
            return None
        return self.take_form()

    def take_form(self) -> Cursor:
        """Takes the next item, which is a form; the cursor stands behind its head."""
        form = self.items[self.index]
        if not isinstance(form, Form):
            raise self.unexpected("a form in parentheses")
        self.index += 1
        return self.inside(form, 1)

    def inside(self, form: Form, index: int = 0) -> Cursor:
        """A cursor in a form that stands in this one, with the same names in scope."""
        return Cursor(self.text, form, index, self.opaque)

    def word(self, expected: str) -> str:
        """Takes the next item, which must be a word."""
        word = self.peek()
        if word is None or word[0] == '"':
            raise self.unexpected(expected)
        self.index += 1
        return word

    def number(self, expected: str) -> int:
        """Takes the next item, an unsigned 32-bit number."""
        word = self.peek()
        if word is None or not word[0].isdigit():
            raise self.unexpected(expected)
        value = read_index(word)
        if value is None:
            if not is_integer(word):
                raise self.unexpected(expected)
            raise self.error(f"i32 constant out of range: {word}")
        self.index += 1
        return value

    @property
    def at_index(self) -> bool:
        """Whether the next item is a name or a number, as an index is written."""
        word = self.peek()
        return word is not None and (word[0] == "$" or word[0].isdigit())

    def string(self, expected: str = "a string") -> bytes:
        """Takes the next item, a string, as bytes."""
        word = self.peek()
        if word is None or word[0] != '"':
            raise self.unexpected(expected)
        value = read_string(word)
        if value is None:
            raise self.error("a code point that is not a Unicode scalar value")
        self.index += 1
        return value

    def utf8(self, expected: str) -> str:
        """Takes the next item, a string that must be UTF-8."""
        raw = self.string(expected)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            self.index -= 1
            raise self.error("malformed UTF-8 encoding: names are UTF-8") from None

    def finish(self, expected: str) -> None:
        """Requires that every item was read; `expected` says what else could stand here."""
        if self.index < len(self.items):
            raise self.unexpected(expected)

    # --- places and errors -----------------------------------------------------------------------
    def place(self) -> tuple[int, int]:
        """Offsets of the next item, or of the parenthesis that ends the form."""
        if self.index < len(self.items):
            return bounds(self.items[self.index])
        return max(self.form.begin, self.form.end - 1), self.form.end

    def last_end(self) -> int:
        """The offset behind the last item that was read."""
        return bounds(self.items[self.index - 1])[1]

    def span(self) -> Span:
        """The span of the whole form."""
        return self.text.span(self.form.begin, self.form.end)

    def error(self, message: str, *, expected: tuple[str, ...] = (), hint: str = "") -> TextError:
        """An error about the next item."""
        return self.text.error(message, *self.place(), expected=expected, hint=hint)

    def unexpected(self, *expected: str) -> TextError:
        """The error that something else should stand here, in the standard's words: "unexpected token", or "unknown
        operator" for characters that form no token."""
        if self.index >= len(self.items):
            head = self.form.head
            end = f"({head} ends too early" if head else "the text ends too early"
            return self.error(f"unexpected token: {end}", expected=expected)
        word = self.peek()
        if word is None:
            return self.error(f"unexpected token ({self.peek_head()}", expected=expected)
        return self.error(f"{'unexpected token' if is_token(word) else 'unknown operator'} {word}", expected=expected)

    def unsupported(self, construct: str) -> Unsupported:
        """The error that the next item is outside the implemented fragment."""
        return Unsupported(construct, self.text.span(*self.place()))


def bounds(item: Item) -> tuple[int, int]:
    """Offsets where an item begins and ends."""
    if isinstance(item, Form):
        return item.begin, item.end
    return item[1], item[1] + len(item[0])
