"""Writes a module of protocols and classes whose members differ in one or two ways: the same in every run.

Left out: attributes that hold a `Callable`. pyright binds the one of the class as if it were a method and the
one of the protocol not, so that `run: Callable[[int], str]` does not fit itself; mypy and ssot compare the types.
"""

from __future__ import annotations

import random
from pathlib import Path

TYPES = ["int", "str", "bool", "float", "object", "Any", "Optional[int]", "int | None", "list[int]", "List[int]",
         "Sequence[int]", "dict[str, int]", "Mapping[str, int]", "Literal['a']", "Literal['a', 'b']", "Base", "Derived",
         "Callable[[int], str]", "Callable[..., Any]", "tuple[int, str]", "type[Base]", "Iterable[Base]", "list[Derived]"]
NAMES = ["user", "message", "limit"]
HELD = [of for of in TYPES if not of.startswith("Callable")]
HEADER = """from __future__ import annotations
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable, List, Literal, Optional, Protocol

MISSING: Any = object()
class Base: ...
class Derived(Base): ...
"""


def parameters(draw: random.Random) -> list[tuple[str, str, str, bool]]:
    """Kind, name, type and whether there is a default, in an order that Python takes."""
    found = []
    has_default = False
    for name in NAMES[: draw.randint(0, 3)]:
        kind = draw.choice(["standard", "standard", "standard", "positional", "keyword"])
        found.append([kind, name, draw.choice(TYPES), False])
    order = {"positional": 0, "standard": 1, "keyword": 2}
    found.sort(key=lambda parameter: order[parameter[0]])
    for parameter in found:
        if parameter[0] != "keyword":
            has_default = has_default or draw.random() < 0.25
            parameter[3] = has_default
        else:
            parameter[3] = draw.random() < 0.4
    return [tuple(parameter) for parameter in found]


def changed(draw: random.Random, old: list[tuple[str, str, str, bool]]) -> list[tuple[str, str, str, bool]]:
    """The same parameters with one of them changed, gone or new."""
    new = list(old)
    choice = draw.randint(0, 6)
    if new and choice in (0, 1):
        at = draw.randrange(len(new))
        kind, name, _, default = new[at]
        new[at] = (kind, name, draw.choice(TYPES), default)
    elif new and choice == 2:
        at = draw.randrange(len(new))
        kind, name, of, _ = new[at]
        if kind == "keyword" or all(parameter[3] for parameter in new[at + 1:] if parameter[0] != "keyword"):
            new[at] = (kind, name, of, True)
    elif new and choice == 3:
        at = draw.randrange(len(new))
        kind, name, of, default = new[at]
        new[at] = (kind, name + "_id", of, default)
    elif new and choice == 4:
        new.pop(draw.randrange(len(new)))
    elif choice == 5:
        new.append(("keyword", "extra", draw.choice(TYPES), draw.random() < 0.7))
    return new


def render(own: list[tuple[str, str, str, bool]]) -> str:
    parts = ["self"]
    previous = ""
    for kind, name, of, default in own:
        if previous == "positional" and kind != "positional":
            parts.append("/")
        if kind == "keyword" and previous != "keyword":
            parts.append("*")
        parts.append(f"{name}: {of}" + (" = MISSING" if default else ""))
        previous = kind
    if previous == "positional":
        parts.append("/")
    return ", ".join(parts)


def write_module(path: Path, count: int, seed: int = 7) -> list[tuple[str, str]]:
    """Writes the module; gives the names of each class and its protocol."""
    draw = random.Random(seed)
    lines = [HEADER]
    pairs = []
    for number in range(count):
        wanted = parameters(draw)
        own = changed(draw, wanted)
        returns = draw.choice(TYPES)
        own_returns = returns if draw.random() < 0.6 else draw.choice(TYPES)
        is_async = draw.random() < 0.3
        own_async = is_async if draw.random() < 0.85 else not is_async
        kind = draw.choice(["method"] * 6 + ["property", "attribute"])
        if kind != "method":
            returns = draw.choice(HELD)
            own_returns = returns if draw.random() < 0.6 else draw.choice(HELD)
        protocol, name = f"P{number}", f"C{number}"
        if kind == "method":
            prefix, own_prefix = ("async " if flag else "" for flag in (is_async, own_async))
            demand = f"    {prefix}def run({render(wanted)}) -> {returns}: ..."
            given = f"    {own_prefix}def run({render(own)}) -> {own_returns}: raise NotImplementedError"
        elif kind == "property":
            demand = f"    @property\n    def run(self) -> {returns}: ..."
            given = draw.choice([
                f"    @property\n    def run(self) -> {own_returns}: raise NotImplementedError",
                f"    run: {own_returns}",
            ])
        else:
            demand = f"    run: {returns}"
            given = f"    run: {own_returns}"
        lines.append(f"class {protocol}(Protocol):\n{demand}\nclass {name}:\n{given}\n")
        pairs.append((name, protocol))
    path.write_text("\n".join(lines))
    return pairs
