"""Sequential programs, run by the rules."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from semantics.diagnostics import Source, Unsupported
from semantics.reduction.run import Exhausted, Sequential, Suspended
from semantics.runtime.configuration import Trap, Value
from semantics.syntax.types import I32, I64
from semantics.text import parse_module
from semantics.validation import THREADS, validate

PROGRAM = """
(module
  (type $unary (func (param i32) (result i32)))
  (memory 1 2) (data (i32.const 8) "\\01\\02\\03\\84") (data $seg "xyz")
  (memory $shared 1 1 shared)
  (table $t 4 funcref) (elem (table $t) (i32.const 0) func $fac $next)
  (global $g (mut i32) (i32.const 5))
  (func $fac (export "fac") (type $unary) (param $n i32) (result i32)
    (if (result i32) (i32.eqz (local.get $n)) (then (i32.const 1))
      (else (i32.mul (local.get $n) (call $fac (i32.sub (local.get $n) (i32.const 1)))))))
  (func $next (type $unary) (i32.add (local.get 0) (i32.const 1)))
  (func $two (export "two") (result i32 i64) (i32.const 1) (i64.const 2))
  (func (export "sum") (param $n i32) (result i32) (local $s i32)
    (loop $again
      (local.set $s (i32.add (local.get $s) (local.get $n)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s))
  (func (export "switch") (param i32) (result i32)
    (block $c (block $b (block $a (br_table $a $b $c (local.get 0))) (return (i32.const 10))) (return (i32.const 20)))
    (i32.const 30))
  (func (export "load8_s") (param i32) (result i32) (i32.load8_s (local.get 0)))
  (func (export "load16_u") (param i32) (result i64) (i64.load16_u (local.get 0)))
  (func (export "store") (param i32 i64) (result i64)
    (i64.store (local.get 0) (local.get 1)) (i64.load32_u offset=2 (local.get 0)))
  (func (export "div_s") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "indirect") (param i32) (result i32)
    (call_indirect $t (type $unary) (i32.const 4) (local.get 0)))
  (func (export "put") (param i32) (table.set $t (i32.const 3) (ref.func $two))
    (drop (call_indirect $t (type $unary) (i32.const 4) (local.get 0))))
  (func (export "bump") (result i32)
    (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g))
  (func (export "grow") (param i32) (result i32 i32) (memory.grow (local.get 0)) (memory.size))
  (func (export "copy") (param $d i32) (param $s i32) (param $n i32) (result i64)
    (i64.store (i32.const 100) (i64.const 0x0807060504030201))
    (memory.copy (local.get $d) (local.get $s) (local.get $n)) (i64.load (i32.const 100)))
  (func (export "init") (param i32 i32 i32) (result i32)
    (memory.init $seg (local.get 0) (local.get 1) (local.get 2)) (i32.load (local.get 0)))
  (func (export "drop") (data.drop $seg))
  (func (export "cas") (param i32 i32) (result i32 i32)
    (i32.atomic.store (i32.const 64) (i32.const 7))
    (i32.atomic.rmw.cmpxchg (i32.const 64) (local.get 0) (local.get 1)) (i32.atomic.load (i32.const 64)))
  (func (export "xadd") (param i32) (result i32 i32)
    (i32.store8 (i32.const 70) (i32.const 250))
    (i32.atomic.rmw8.add_u (i32.const 70) (local.get 0)) (i32.load8_u (i32.const 70)))
  (func (export "wait") (param $memory i32) (param $expected i32) (param $timeout i64) (result i32)
    (if (result i32) (local.get $memory)
      (then (memory.atomic.wait32 $shared (i32.const 0) (local.get $expected) (local.get $timeout)))
      (else (memory.atomic.wait32 (i32.const 0) (local.get $expected) (local.get $timeout)))))
  (func (export "notify") (param i32) (result i32) (memory.atomic.notify $shared (local.get 0) (i32.const 1)))
  (func (export "spin") (loop (br 0)))
)"""


@pytest.fixture
def run() -> object:
    module = parse_module(Source("program.wat", PROGRAM))
    validate(module, replace(THREADS, several_memories=True))
    machine = Sequential(steps=20_000)
    instance, result = machine.instantiate(module)
    assert result == ()

    def call(name: str, *arguments: int) -> object:
        found = machine.call(instance, name, *arguments)
        if isinstance(found, Trap):
            return found.reason
        if isinstance(found, Exhausted | Suspended):
            return found
        return tuple(v.term for v in found)

    return call


M1 = 2**32 - 1
OOB = "out of bounds memory access"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (("fac", 10), (math.factorial(10),)),
        (("sum", 100), (5050,)),
        (("two",), (1, 2)),
        (("switch", 0), (10,)),
        (("switch", 1), (20,)),
        (("switch", 2), (30,)),
        (("switch", M1), (30,)),
        (("load8_s", 11), (2**32 - 124,)),
        (("load16_u", 9), (0x302,)),
        (("load8_s", 65535), (0,)),
        (("load8_s", 65536), OOB),
        (("load16_u", 65535), OOB),
        (("load8_s", M1), OOB),
        (("store", 200, 0x1122334455667788), (0x33445566,)),
        (("store", 65529, 1), OOB),
        (("div_s", 7, 2), (3,)),
        (("div_s", 2**32 - 7, 2), (2**32 - 3,)),
        (("div_s", 1, 0), "integer divide by zero"),
        (("div_s", 2**31, M1), "integer overflow"),
        (("indirect", 0), (24,)),
        (("indirect", 1), (5,)),
        (("indirect", 2), "uninitialized element 2"),
        (("indirect", 4), "undefined element"),
        (("put", 3), "indirect call type mismatch"),
        (("grow", 1), (1, 2)),
        (("grow", 2), (M1, 1)),
        (("copy", 101, 100, 4), (0x0807060403020101,)),
        (("copy", 100, 101, 4), (0x0807060505040302,)),
        (("copy", 65536, 0, 0), (0x0807060504030201,)),
        (("copy", 65536, 0, 1), OOB),
        (("init", 300, 1, 2), (0x7A79,)),
        (("init", 300, 2, 2), OOB),
        (("cas", 7, 9), (7, 9)),
        (("cas", 8, 9), (7, 7)),
        (("xadd", 10), (250, 4)),
        (("wait", 0, 0, 0), "expected shared memory"),
        (("wait", 1, 1, 0), (1,)),
        (("wait", 1, 0, 5), (2,)),
        (("notify", 0), (0,)),
        (("notify", 65536), OOB),
        (("notify", 2), "unaligned atomic"),
        (("fac", 5000), Exhausted("call stack exhausted")),
        (("spin",), Exhausted("step limit reached")),
    ],
    ids=str,
)
def test_program(run: object, call: tuple[str, ...], expected: object) -> None:
    assert callable(run)
    assert run(*call) == expected


def test_state_survives_calls(run: object) -> None:
    assert callable(run)
    assert [run("bump"), run("bump")] == [(6,), (7,)]
    assert run("drop") == ()
    assert run("init", 300, 0, 1) == OOB
    assert run("init", 300, 0, 0) == (0,)


def test_a_wait_without_timeout_suspends_for_ever(run: object) -> None:
    assert callable(run)
    assert isinstance(run("wait", 1, 0, 2**64 - 1), Suspended)


def test_fork_needs_more_than_one_thread() -> None:
    module = parse_module(
        Source("fork.wat", '(module (func $f (type $t)) (type $t (shared (func))) (func (export "g") (fork $f)))')
    )
    validate(module)
    machine = Sequential()
    instance, _ = machine.instantiate(module)
    with pytest.raises(Unsupported):
        machine.call(instance, "g")


def test_globals_can_be_read() -> None:
    module = parse_module(Source("g.wat", '(module (global (export "g") i64 (i64.const 3)))'))
    machine = Sequential()
    instance, _ = machine.instantiate(module)
    assert machine.global_value(instance.globals[0]) == (I64, 3)


def test_start_functions_run() -> None:
    text = """
      (module (memory 1) (start $s)
        (func $s (i32.store (i32.const 4) (i32.const 9)))
        (func (export "r") (result i32) (i32.load (i32.const 4))))"""
    machine = Sequential()
    instance, result = machine.instantiate(parse_module(Source("s.wat", text)))
    assert result == ()
    assert machine.call(instance, "r") == (Value(I32, 9),)
    assert machine.counts["store-ok"] == 1
