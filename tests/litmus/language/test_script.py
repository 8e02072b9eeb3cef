"""Scripts: every command form, what is kept for later, and the threads proposal's own files."""

from random import Random

import pytest

from litmus.language.script import (
    AssertExhaustion,
    AssertInvalid,
    AssertMalformed,
    AssertReturn,
    AssertTrap,
    AssertUnlinkable,
    Binary,
    Define,
    Either,
    Get,
    Invoke,
    Quoted,
    Refused,
    Register,
    Thread,
    Value,
    Wait,
    module_of,
    parse_script,
)
from semantics.diagnostics import Invalid, Source, TextError, Unsupported, WeftError, load_source, render
from semantics.syntax.modules import Module
from semantics.syntax.types import EXTERNREF, I32, I64
from semantics.text import parse_module
from semantics.text.printer import print_module
from tests.conformance import MISSING, SUITES


def script(text):
    return parse_script(Source("test.wast", text)).commands


def test_actions_and_results():
    invoke, get, wanted, either = script(
        """(invoke $M "f" (i32.const -1) (i64.const 2) (ref.null extern))
           (get "g")
           (assert_return (get $M "g") (i32.const 1))
           (assert_return (invoke "f") (either (i32.const 0) (i32.const 42)) (i32.const 1))"""
    )
    span = invoke.span
    arguments = (Value(I32, 2**32 - 1, span=span), Value(I64, 2, span=span), Value(EXTERNREF, 0, span=span))
    assert invoke == Invoke("$M", "f", arguments, span=span)
    assert get == Get(None, "g", span=span)
    assert wanted == AssertReturn(Get("$M", "g", span=span), (Value(I32, 1, span=span),), span=span)
    choice = Either((Value(I32, 0, span=span), Value(I32, 42, span=span)), span=span)
    assert either.results == (choice, Value(I32, 1, span=span))
    assert [(c.span.line, c.span.column) for c in (invoke, get, wanted)] == [(1, 1), (2, 12), (3, 12)]
    assert wanted.action.span.column == 27


def test_threads_nest():
    (thread,) = script(
        """(thread $T (shared (module $Mem) (module $Other))
             (register "mem" $Mem)
             (thread $T1 (shared (module $Mem)) (invoke "run"))
             (wait $T1))"""
    )
    assert (thread.name, thread.shared) == ("$T", ("$Mem", "$Other"))
    register, inner, wait = thread.commands
    assert (register.name, register.module) == ("mem", "$Mem")
    assert isinstance(inner, Thread) and isinstance(inner.commands[0], Invoke)
    assert isinstance(wait, Wait) and wait.thread == "$T1"


def test_definitions():
    text, quote, binary, register = script(
        r"""(module $M (func $f)) (module $Q quote "(func" "$f)") (module binary "\00asm" "\01\00\00\00")
           (register "m")"""
    )
    assert text.name == "$M" and isinstance(text.content, Module) and module_of(text.content) is text.content
    assert quote.name == "$Q" and isinstance(quote.content, Quoted)
    assert module_of(quote.content).funcs == text.content.funcs
    assert binary.content == Binary(b"\0asm\1\0\0\0", span=binary.span)
    assert module_of(binary.content) == Module()
    assert isinstance(register, Register) and register.module is None


def test_assertions():
    kinds = [
        ('(assert_trap (invoke "f") "unreachable")', AssertTrap),
        ('(assert_trap (module (func $f unreachable) (start $f)) "unreachable")', AssertTrap),
        ('(assert_exhaustion (invoke "f") "call stack exhausted")', AssertExhaustion),
        ('(assert_invalid (module (func (i32.add))) "type mismatch")', AssertInvalid),
        ('(assert_malformed (module quote "(func") "unexpected end")', AssertMalformed),
        ('(assert_unlinkable (module (func (import "a" "b"))) "unknown import")', AssertUnlinkable),
    ]
    for text, kind in kinds:
        (command,) = script(text)
        assert isinstance(command, kind)
        assert command.message in text
    assert isinstance(script(kinds[1][0])[0].action, Define)


def test_what_cannot_be_read_waits_until_it_is_asked_for():
    malformed, invalid, vectors, results = script(
        """(assert_malformed (module quote "(func $f" "(i32.ad))") "unknown operator")
           (assert_invalid (module (func (type 7))) "unknown type")
           (module (func (drop (v128.const i64x2 1 1))))
           (assert_return (invoke "f") (v128.const i64x2 0 0))"""
    )
    with pytest.raises(TextError, match=r"did you mean i32\.and") as caught:
        module_of(malformed.module.content)
    assert str(caught.value.span) == "test.wast:1:19 (quoted):1:11"
    with pytest.raises(Invalid, match="unknown type 7"):
        module_of(invalid.module.content)
    with pytest.raises(Unsupported, match=r"v128\.const"):
        module_of(vectors.content)
    (result,) = results.results
    assert isinstance(result, Refused) and isinstance(result.error, Unsupported)
    assert (result.error.span.line, result.error.message) == (4, "the constant (v128.const ...)")


def test_bare_fields_are_a_module():
    (define,) = script('(func $f) (memory 0) (func (export "f"))')
    assert len(define.content.funcs) == 2


@pytest.mark.parametrize(
    "text, column, message",
    [
        ("(assert_retrun)", 1, "unknown command assert_retrun; did you mean assert_return?"),
        ("(module (func $f)", 1, '"(module" of line 1 is not closed'),
        ("(module (func (cal 0)))", 16, "unknown operator cal; did you mean call?"),
        ("(wait)", 6, "unexpected token: (wait ends too early"),
        ("(thread (wait $T))", 9, "unexpected token (wait"),
        ("(thread $T (shared (func $f)))", 20, "unexpected token (func"),
        ("(assert_trap (invoke) 1)", 21, "unexpected token: (invoke ends too early"),
        ('(assert_invalid "x")', 17, 'unexpected token "x"'),
        ('(invoke "f" (nop))', 13, "(nop ...) is not a constant"),
        ('(invoke "f" (i32.const 0x))', 24, "unknown operator 0x"),
        ("", 1, "the script is empty"),
        ("module", 1, "unexpected token module"),
    ],
)
def test_bad_scripts(text, column, message):
    with pytest.raises(TextError) as caught:
        script(text)
    assert (caught.value.span.column, caught.value.message) == (column, message)


def test_commands_outside_the_fragment():
    with pytest.raises(Unsupported, match="assert_exception"):
        script('(assert_exception (invoke "f"))')


# --- the official suite -------------------------------------------------------------------------

PROPOSAL = SUITES / "threads-proposal"


def suite(folder):
    """The scripts of a folder of the suite; one skipped test where the suite is absent."""
    files = sorted((PROPOSAL / folder).glob("*.wast"))
    absent = pytest.mark.skip(reason=MISSING)
    return [pytest.param(f, id=f.stem) for f in files] or [pytest.param(None, marks=absent, id="absent")]


def defined(commands):
    """All modules of the commands, with the command that has each."""
    for command in commands:
        if isinstance(command, Define):
            yield command, command
        elif isinstance(command, Thread):
            yield from defined(command.commands)
        elif isinstance(command, AssertInvalid | AssertMalformed | AssertUnlinkable):
            yield command, command.module


@pytest.mark.skipif(not PROPOSAL.is_dir(), reason=MISSING)
def test_the_proposal_has_thirteen_scripts():
    assert len(suite("threads")) == 13


@pytest.mark.parametrize("path", suite("threads"))
def test_the_proposals_scripts_are_read_whole(path):
    read = list(defined(parse_script(load_source(path)).commands))
    assert read
    for _, define in read:
        module = module_of(define.content)
        assert parse_module(Source("printed.wat", print_module(module))) == module


@pytest.mark.parametrize("path", suite("core"))
def test_core_scripts_agree_on_what_is_well_formed_and_print_back(path):
    for command, define in defined(parse_script(load_source(path)).commands):
        refused = None
        try:
            module = module_of(define.content)
            assert parse_module(Source("printed.wat", print_module(module))) == module
        except WeftError as error:
            refused = error
        if isinstance(command, AssertMalformed):
            assert refused is not None, f"{command.span}: accepted: {command.message}"
        elif isinstance(command, AssertInvalid):
            assert refused is None or isinstance(refused, Unsupported | Invalid), command.span
        else:
            assert refused is None or isinstance(refused, Unsupported), command.span


def test_deep_nesting_is_a_clear_limit():
    for head in ("(thread $T ", "(module "):
        with pytest.raises(Unsupported, match="deep"):
            module_of(script("(module)" + head * 3000 + ")" * 3000)[-1].content)


SAMPLE = r"""(module $M (type $t (shared (func (param i32)))) (import "m" "f" (func $f (type $t)))
  (memory $x 1 1 shared) (data (i32.const 0) "a\n") (table $u 1 funcref) (elem (i32.const 0) func $f)
  (func $g (export "g") (param $a i32) (result i32) (local i64) (if (result i32) (local.get $a)
    (then (i32.atomic.rmw.add offset=4 (i32.const 0) (i32.const 1))) (else block $l br $l end i32.const 0x1_0))))
(thread $T (shared (module $M)) (register "m" $M)
  (assert_return (invoke "g" (i32.const 1)) (either (i32.const 0) (i32.const 1)))) (wait $T)
(assert_malformed (module quote "(func" ")") "x") ;; end
"""


@pytest.mark.parametrize("seed", range(4))
def test_garbled_scripts_never_end_in_a_traceback(seed):
    random = Random(seed)
    refused = 0
    for _ in range(150):
        text = list(SAMPLE)
        for _ in range(random.randint(1, 3)):
            place = random.randrange(len(text))
            match random.randrange(3):
                case 0:
                    del text[place : place + random.randint(1, 12)]
                case 1:
                    text[place] = random.choice('()"; $\\0azé\x00')
                case _:
                    text[place:place] = random.sample(["(", ")", '"', "(;", " 1 ", "$f", " end ", "(func"], 1)
        try:
            script("".join(text))
        except WeftError as error:
            refused += 1
            assert error.span is not None and render(error)
    assert refused > 75
