"""Random programs: a main thread and spawned functions over one shared memory, as text of a design.

A `Style` says how a design writes what is asked of it; what a thread does is the same for all. Nothing traps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from semantics.diagnostics import Source
from semantics.exploration.program import Cell, HostThread, Instantiate, Invoke, Program, Provider
from semantics.runtime.profile import Profile
from semantics.text import parse_module
from semantics.validation import validate

X, Y = 0, 4
RESULTS = 64
"""Where threads put what they read, from here on, eight bytes for each word."""
MEMORY = "(memory 1 2 shared)"
HOST = f'(module (memory (export "mem") {MEMORY[len("(memory ") :]})'
WIDTHS = (*[""] * 9, "8", "16")
RMW = ("add", "xchg", "xchg", "or")
SPAWNS = 3
"""A body spawns so often at most; with everything that its threads spawn, few enough for the solver."""


@dataclass(frozen=True)
class Style:
    """How a design writes a program.

    spawn: function, text of its argument, whether in main -> code; shared: the attribute of functions that threads run;
    flag: of the module; private: the attribute of the main thread's global $g; imports: of the module, for what is
    spawned
    entry: parameters and results of a spawned function, `end` the code at its end; locals: further ones of main, the
    first; fields: more definitions
    own, reads: lines and values on private state, for all threads; main: lines for the main thread, before which `own`
    stands too. VALUE in a line is some value, REGISTER a new register; often: how much of the code they are
    threads: spawned functions at most; lines: of each, at least and at most; waits, grows: threads may wait, memory
    grow; results: threads put what they read into the memory; single: only the main thread spawns; once: every function
    is spawned at most once
    after: what else main does; place: name of a spawned function, its text -> what stands in the module for it
    """

    spawn: Callable[[str, str, bool], str] = lambda f, a, main: f"(fork {f} {a})"
    shared: str = "shared"
    flag: str = ""
    private: str = ""
    imports: Callable[[Sequence[str]], str] = lambda _: ""
    entry: Callable[[str], str] = lambda f: "(param $a i32)"
    end: Callable[[Body], str] = lambda _: ""
    locals: str = ""
    fields: str = ""
    own: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    main: tuple[str, ...] = ()
    often: float = 0.14
    threads: int = 3
    lines: tuple[int, int] = (1, 2)
    waits: bool = False
    grows: bool = False
    results: bool = False
    single: bool = False
    once: bool = False
    after: Callable[[Body], None] = lambda _: None
    place: Callable[[str, str], str] = lambda _, text: text


@dataclass
class Body:
    """A function in the making: its lines, and the registers that it has set."""

    name: str
    rng: Random
    style: Style
    thread: bool
    lines: list[str] = field(default_factory=list)
    registers: list[str] = field(default_factory=list)
    spawned: list[str] = field(default_factory=list)

    def value(self) -> str:
        """An i32."""
        # only one bit of what was read: a circle of reads then has few values out of thin air
        known = [f"(i32.and (local.get ${r}) (i32.const 1))" for r in self.registers]
        choices = [f"(i32.const {self.rng.randint(1, 3)})", *known[-2:]]
        if self.thread:
            choices += ["(local.get $a)", *self.style.reads]
        else:
            choices += [*([] if self.style.private else ["(global.get $g)"]), *self.style.reads]
        return self.rng.choice(choices)

    def register(self, value: str) -> str:
        """Sets a new register."""
        return f"(local.set {self.fresh()} {value})"

    def fresh(self) -> str:
        """A new register."""
        name = f"r{len(self.registers)}"
        self.registers.append(name)
        return f"${name}"

    def access(self) -> str:
        """A load, store or rmw of x or y."""
        rng = self.rng
        width, atomic = rng.choice(WIDTHS), rng.random() < 0.45
        at = f"(i32.const {rng.choice((X, X, Y))})"
        unsigned, mode = "_u" if width else "", "atomic." if atomic else ""
        kind = rng.choice(("load", "load", "store", "store", "rmw", "cmpxchg"))
        if kind == "store":
            return f"(i32.{mode}store{width} {at} {self.value()})"
        if kind == "load":
            return self.register(f"(i32.{mode}load{width}{unsigned} {at})")
        if kind == "rmw":  # of the whole word, for the same reason
            return self.register(f"(i32.atomic.rmw.{rng.choice(RMW)} {at} {self.value()})")
        return self.register(f"(i32.atomic.rmw.cmpxchg {at} (i32.const 0) {self.value()})")

    def some(self) -> str:
        """A line that spawns nothing."""
        rng, style = self.rng, self.style
        rare = rng.random()
        if rare < 0.04 and style.grows:
            return self.register(rng.choice(("(memory.size)", "(memory.grow (i32.const 1))")))
        if rare < 0.08 and style.waits and self.thread:
            return self.register(f"(memory.atomic.wait32 (i32.const {X}) (i32.const 0) (i64.const -1))")
        if rare < 0.12 and style.waits:
            return self.register(f"(memory.atomic.notify (i32.const {X}) (i32.const 1))")
        if rare < 0.2:
            return f"(call $store (i32.const {rng.choice((X, Y))}) {self.value()})"
        if rare < 0.2 + style.often and (mine := style.own if self.thread else (*style.main, *style.own)):
            line = rng.choice(mine)
            line = line.replace("VALUE", self.value())
            return line.replace("REGISTER", self.fresh()) if "REGISTER" in line else line
        return self.access()

    def line(self, spawnable: Sequence[str]) -> str:
        """A line, perhaps under a condition."""
        rng = self.rng
        new = [f for f in spawnable if not self.style.once or f not in self.spawned]
        if new and len(self.spawned) < (1 if self.thread else SPAWNS) and rng.random() < 0.35:
            found = rng.choice(new)
            self.spawned.append(found)
            return self.style.spawn(found, self.value(), not self.thread)
        before = len(self.registers)
        if self.registers and rng.random() < 0.25:
            condition = f"(local.get ${rng.choice(self.registers)})"
            then = self.some()
            orelse = f" (else {self.some()})" if rng.random() < 0.3 else ""
            # who comes after may read what was set, or not: zero then
            assert len(self.registers) >= before
            return f"(if {condition} (then {then}){orelse})"
        return self.some()

    def text(self, head: str, tail: str = "") -> str:
        """The function."""
        locals_ = " ".join(f"(local ${r} i32)" for r in self.registers)
        return "\n    ".join([f"(func ${self.name} {head} {locals_}", *self.lines]) + (
            f"\n    {tail})" if tail else ")"
        )


def random_program(rng: Random, profile: Profile, style: Style) -> Program:
    """A program that is valid in the design. The main thread instantiates "env", which has the memory, and "m", and
    calls its export "main"."""
    names = [f"f{i}" for i in range(rng.randint(1, style.threads))]
    main, bodies = Body("main", rng, style, False), [Body(n, rng, style, True) for n in names]
    free = [f"${n}" for n in names]
    budget = 8 - len(names)
    for number, body in reversed(list(enumerate(bodies))):
        later = [] if style.single else [f for f in free[number + 1 :] if rng.random() < 0.5]
        for _ in range(rng.randint(*style.lines)):
            body.lines.append(body.line(later))
        if style.once:
            free = [f for f in free if f not in body.spawned]
    count = rng.randint(2, max(3, budget - 3))
    for _ in range(count):
        main.lines.append(main.line(free))
    missing = [f for f in free if f not in main.spawned][: max(0, 2 - len(main.spawned))]
    for f in missing:
        at = rng.randint(0, len(main.lines))
        main.spawned.append(f)
        main.lines.insert(at, style.spawn(f, f"(i32.const {rng.randint(0, 3)})", True))
    style.after(main)
    spawned = sorted({f for b in (main, *bodies) for f in b.spawned})
    cells = [Cell("x", "env", "mem", X), Cell("y", "env", "mem", Y)]
    ends: dict[str, str] = {}
    for body in bodies if style.results else ():
        stores = []
        for r in body.registers:
            cell = Cell(f"{body.name}.{r}", "env", "mem", RESULTS + 8 * (len(cells) - 2))
            cells.append(cell)
            stores.append(f"(i32.store (i32.const {cell.offset}) (local.get ${r}))")
        ends[body.name] = " ".join(stores)
    text = "\n  ".join(
        [
            f"(module {style.flag}",
            f'(import "env" "mem" {MEMORY})',
            *filter(None, [style.imports(spawned)]),
            *filter(None, [style.fields]),
            f"(global $g {style.private} (mut i32) (i32.const 2))",
            f"(func $store {style.shared} (param $at i32) (param $v i32) (i32.store (local.get $at) (local.get $v)))",
            main.text(f'(export "main") {style.locals}'),
            *(
                style.place(
                    b.name,
                    b.text(
                        f"{style.shared} {style.entry('$' + b.name)}", f"{ends.get(b.name, '')} {style.end(b)}".strip()
                    ),
                )
                for b in bodies
            ),
        ]
    )
    return closed(text + ")", profile, tuple(cells))


def closed(text: str, profile: Profile, cells: tuple[Cell, ...] = ()) -> Program:
    """The program whose module is given as text. Raises what parsing and validation raise."""
    commands: list[Instantiate | Invoke] = []
    for name, source in (("env", HOST), ("m", text)):
        module = parse_module(Source("random.wat", source))
        validate(module, profile.typing)
        providers = tuple(Provider("env", i.name) if i.module == "env" else None for i in module.imports)
        commands.append(Instantiate(name, module, providers))
    commands.append(Invoke("m", "main"))
    return Program("random", HostThread("main", tuple(commands)), cells, tuple(c.name for c in cells))
