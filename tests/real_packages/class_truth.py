"""What CPython says of the classes of one package. Runs under the interpreter of the environment.

    python class_truth.py PACKAGE[,PACKAGE…] OUT.json

Imports every module of the packages and looks at the live class objects, for an answer that no
static analysis had a part in. The one question that a live class cannot answer is where its `class`
statement stands, since `__module__` is often re-bound (`httpx.Client` is defined in
`httpx._client`). That comes from the interpreter's own `ast` and from the code objects of the
class's functions.

A class is named by its *home*, the module whose source has the class statement, and its
`__qualname__`. Entries of an MRO are named in the same way where their source is in site-packages,
and as CPython prints them (`collections.abc.Mapping`) elsewhere.
"""

from __future__ import annotations

import ast
import importlib
import io
import json
import os
import pkgutil
import sys
import sysconfig
import traceback
import types
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

SITE = Path(sysconfig.get_paths()["purelib"]).resolve()


@dataclass
class Statement:
    """One `class` statement: its lines, the first decorator's included."""

    first_line: int
    line: int
    end_line: int


@dataclass
class Source:
    """The class statements of one file by qualified name, and the calls that may make a class."""

    classes: dict[str, list[Statement]] = field(default_factory=lambda: defaultdict(list))
    # First line, last line and first argument of calls such as `namedtuple("Point", "x y")`.
    named_calls: list[tuple[int, int, str]] = field(default_factory=list)


def read_source(path: Path) -> Source:
    source = Source()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(path.read_bytes(), filename=str(path))

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            match child:
                case ast.ClassDef(name=name):
                    first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
                    source.classes[prefix + name].append(
                        Statement(first, child.lineno, child.end_lineno or child.lineno)
                    )
                    visit(child, f"{prefix}{name}.")
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    visit(child, f"{prefix}{name}.<locals>.")
                case _:
                    visit(child, prefix)

    visit(tree, "")
    for node in ast.walk(tree):
        match node:
            case ast.Call(args=[ast.Constant(value=str(name)), *_]) if name.isidentifier():
                source.named_calls.append((node.lineno, node.end_lineno or node.lineno, name))
    return source


def module_names(package: str) -> Iterator[str]:
    """Every module of the package, tests of folders without `__init__` included."""
    yield package
    root = SITE / package
    if not root.is_dir():
        return
    found = {entry.name for entry in pkgutil.walk_packages([str(root)], f"{package}.", onerror=lambda _: None)}
    # pkgutil does not enter namespace folders (`flask/sansio`); the import system does.
    for path in root.rglob("*.py"):
        parts = path.relative_to(root.parent).with_suffix("").parts
        if all(part.isidentifier() for part in parts):
            found.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    found.discard(package)
    # `__main__` runs the command line of the package on import.
    yield from sorted(name for name in found if not name.endswith(".__main__"))


def import_all(packages: list[str]) -> tuple[list[str], dict[str, str]]:
    imported: list[str] = []
    failed: dict[str, str] = {}
    for package in packages:
        for name in module_names(package):
            try:
                importlib.import_module(name)
                imported.append(name)
            except BaseException as error:  # a module may call sys.exit or raise pytest's Skipped
                first_line = (str(error).splitlines() or [""])[0]
                failed[name] = f"{type(error).__name__}: {first_line}"[:200]
    return imported, failed


def live_classes() -> list[type]:
    """Every class that is alive."""
    seen: dict[int, type] = {}
    pending: list[type] = [object]
    while pending:
        cls = pending.pop()
        for sub in type.__subclasses__(cls):
            if id(sub) not in seen:
                seen[id(sub)] = sub
                pending.append(sub)
    return list(seen.values())


def text_attribute(cls: type, name: str) -> str:
    try:
        value = getattr(cls, name)
    except Exception:
        return ""
    return value if isinstance(value, str) else ""


def functions(cls: type) -> Iterator[types.CodeType]:
    for value in list(vars(cls).values()):
        if isinstance(value, (staticmethod, classmethod)):
            value = value.__func__
        if isinstance(value, property):
            value = value.fget
        if isinstance(value, types.FunctionType):
            yield value.__code__


def code_places(cls: type) -> list[tuple[Path, int, str]]:
    """File and line of the functions of a class, and the name of the class that each was written in."""
    return [
        (Path(os.path.realpath(code.co_filename)), code.co_firstlineno, code.co_qualname.rpartition(".")[0])
        for code in functions(cls)
        if not code.co_filename.startswith("<")
    ]


def is_extension(module: str) -> bool:
    return str(getattr(sys.modules.get(module), "__file__", None) or ".py").endswith(".so")


class Homes:
    """Where the class statements of live classes stand."""

    def __init__(self) -> None:
        self.paths: dict[str, Path] = {}
        self.modules: dict[Path, str] = {}
        self.sources: dict[Path, Source] = {}
        self.by_qualname: dict[str, list[str]] = defaultdict(list)
        self.places: dict[int, tuple[str, str] | None] = {}
        for name, module in sorted(sys.modules.items()):
            file = getattr(module, "__file__", None)
            # `sys.modules` also has second names of a module (`six.moves.…`), and lazy objects.
            if not isinstance(file, str) or not file.endswith(".py") or getattr(module, "__name__", None) != name:
                continue
            path = Path(os.path.realpath(file))
            if SITE in path.parents and path not in self.modules:
                self.paths[name] = path
                self.modules[path] = name
                self.sources[path] = read_source(path)
                for qualname in self.sources[path].classes:
                    self.by_qualname[qualname].append(name)

    def place(self, cls: type) -> tuple[str, str] | None:
        """Module of site-packages and qualified name of the statement that made this class."""
        if id(cls) not in self.places:
            self.places[id(cls)] = self.find_place(cls)
        return self.places[id(cls)]

    def find_place(self, cls: type) -> tuple[str, str] | None:
        qualname = text_attribute(cls, "__qualname__")
        stated = text_attribute(cls, "__module__")
        if is_extension(stated):
            # A compiled class often takes the name of the Python one that it stands in for.
            return None
        for file, _, written_in in code_places(cls):
            module = self.modules.get(file)
            if module is None or written_in not in self.classes(module):
                continue
            # `__qualname__` too can be re-bound: celery's boot steps are called `celery.bootsteps.Step`.
            if written_in == qualname or walk(module, written_in) is cls:
                return module, written_in
        if qualname in self.classes(stated):
            return stated, qualname
        if stated.partition(".")[0] in sys.stdlib_module_names and walk(stated, qualname) is cls:
            return None
        # `__module__` was re-bound, to shorten what users see.
        holders = [module for module in self.by_qualname.get(qualname, []) if walk(module, qualname) is cls]
        if len(holders) == 1:
            return holders[0], qualname
        # The same of a class without functions.
        names = [name for name in self.classes(stated) if qualname.endswith(f".{name}") and walk(stated, name) is cls]
        return (stated, names[0]) if len(names) == 1 else None

    def classes(self, module: str) -> dict[str, list[Statement]]:
        return self.sources[self.paths[module]].classes if module in self.paths else {}

    def name(self, cls: type) -> str:
        place = self.place(cls)
        return ".".join(place) if place else printed_name(cls)


def printed_name(cls: type) -> str:
    return f"{text_attribute(cls, '__module__')}.{text_attribute(cls, '__qualname__')}"


def walk(module: str, qualname: str) -> object:
    """What a dotted name means in a module now, without running descriptors or `__getattr__`."""
    place: object = sys.modules.get(module)
    for part in qualname.split("."):
        space = getattr(place, "__dict__", {})
        if part not in space:
            return None
        place = space[part]
    return place


def collect(packages: list[str]) -> dict[str, object]:
    imported, failed = import_all(packages)
    homes = Homes()
    inside = {module for module in homes.paths if module.partition(".")[0] in packages}

    classes = []
    printed: dict[str, set[str]] = defaultdict(set)
    for cls in live_classes():
        place = homes.place(cls)
        if place is not None:
            printed[printed_name(cls)].add(".".join(place))
        if place is None and text_attribute(cls, "__module__").partition(".")[0] in packages:
            classes.append(describe_made_by_call(cls))
        if place is not None and place[0] in inside:
            classes.append(describe(cls, place, homes))
    for row in classes:
        row["mro"] = [homes.name(entry) for entry in type.__dict__["__mro__"].__get__(row.pop("class"))]
    classes.sort(key=lambda row: json.dumps(row, sort_keys=True))
    return {
        "packages": packages,
        "imported": imported,
        "failed": failed,
        "classes": classes,
        # What CPython prints → the name used here, where they differ and the answer is unique.
        "renamed": {
            name: next(iter(homes_of_name))
            for name, homes_of_name in sorted(printed.items())
            if len(homes_of_name) == 1 and homes_of_name != {name}
        },
        **sources_of_tree(packages),
    }


def describe(cls: type, place: tuple[str, str], homes: Homes) -> dict[str, object]:
    """A class that a statement made: the statement's lines, and how it was told from its namesakes."""
    module, qualname = place
    path = homes.paths[module]
    statements = homes.sources[path].classes[qualname]
    lines = [line for file, line, written_in in code_places(cls) if (file, written_in) == (path, qualname)]
    own = [s for s in statements if lines and s.first_line <= min(lines) <= s.end_line]
    return {
        "class": cls,
        "id": f"{module}.{qualname}",
        "printed": printed_name(cls),
        "path": str(path.relative_to(SITE)),
        # The class's functions say which statement made it; a class without functions does not.
        "lines": [own[0].first_line, own[0].end_line] if len(own) == 1 else None,
        "statements": len(statements),
        # Is it what the name means now? `class P(namedtuple("P", …))` makes two classes of one name.
        "bound": walk(module, qualname) is cls,
        "made_by": "statement",
    }


def describe_made_by_call(cls: type) -> dict[str, object]:
    return {
        "class": cls,
        "id": printed_name(cls),
        "printed": printed_name(cls),
        "path": None,
        "lines": None,
        "statements": 0,
        "bound": False,
        "made_by": "extension" if is_extension(text_attribute(cls, "__module__")) else "call",
    }


def sources_of_tree(packages: list[str]) -> dict[str, list[dict[str, object]]]:
    """Every class statement and named call of every file, whether or not it could be imported."""
    statements: list[dict[str, object]] = []
    calls: list[dict[str, object]] = []
    for package in packages:
        root = SITE / package
        for path in sorted(root.rglob("*.py")) if root.is_dir() else [SITE / f"{package}.py"]:
            try:
                source = read_source(path)
            except (SyntaxError, ValueError):
                continue  # templates and deliberately broken files
            place = str(path.relative_to(SITE))
            for qualname, found in source.classes.items():
                statements += [{"path": place, "qualname": qualname, **asdict(statement)} for statement in found]
            for first_line, end_line, name in source.named_calls:
                calls.append({"path": place, "name": name, "first_line": first_line, "end_line": end_line})
    return {"statements": statements, "named_calls": calls}


def main() -> None:
    packages, out = sys.argv[1].split(","), Path(sys.argv[2])
    # What the modules print on import must not reach the caller, nor their threads outlive us.
    stderr = sys.stderr
    sys.stdout = sys.stderr = io.StringIO()
    sys.argv = [sys.argv[0]]
    warnings.simplefilter("ignore")
    try:
        truth = collect(packages)
    except Exception:
        traceback.print_exc(file=stderr)
        stderr.flush()
        os._exit(1)
    out.write_text(json.dumps(truth))
    os._exit(0)


if __name__ == "__main__":
    main()
