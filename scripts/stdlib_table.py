#!/usr/bin/env python3
"""Write, or check, the table of CPython's standard library that `ssot` embeds.

    python3 scripts/stdlib_table.py PY39 PY310 ... > rules/stdlib/cpython.txt
    PYTHON scripts/stdlib_table.py --verify rules/stdlib/cpython.txt

The first call asks each interpreter for what it has and merges the answers; the second compares the
MROs that follow from the table with those of the interpreter that runs it.

Every module is looked at in an interpreter of its own (isolated, without `site`), right after its
own import and before anything else is imported: what stands in its namespace then is what
`import module` gives to a user, without the submodules that somebody else's import would attach.

Absent: function bodies, annotations, values, and what needs an instance to be seen.
"""

import sys

BUILTINS_FROM_SITE = ("setquit", "setcopyright", "sethelper")


def snapshot(name):
    """The namespace of a module right after its import; None where it cannot be imported."""
    try:
        __import__("os")  # as in every ordinary process; `genericpath` cannot be imported before it
        __import__(name)
        module = sys.modules[name]
        names = dict(vars(module))
    except BaseException:  # some modules exit, or raise what they like
        return None
    if "__getattr__" in names:
        # What is loaded on demand: `concurrent.futures.ThreadPoolExecutor`.
        for lazy in sorted({*dir(module), *names.get("__all__", ())} - names.keys()):
            try:
                names[lazy] = getattr(module, lazy)
            except Exception:
                continue
    if name == "builtins":
        # `exit`, `help` … are there in every ordinary process. Without .pth files, unlike `site.main`.
        import site

        for step in BUILTINS_FROM_SITE:
            getattr(site, step)()
        names = dict(vars(module))
    return names


# Before the imports of this script, which would attach submodules to packages.
SNAPSHOT = snapshot(sys.argv[2]) if sys.argv[1:2] == ["--dump"] else None

import collections
import concurrent.futures
import enum
import functools
import importlib
import importlib.machinery
import inspect
import json
import os
import pkgutil
import re
import subprocess
import types
import typing

# Importing tkinter.tix gives `tkinter.Widget` another base, so that no one list of bases is right for
# both. It is shown as unreadable: its classes are unknown rather than wrong.
UNREADABLE = ("tkinter.tix",)

FIRST_MINOR, LAST_MINOR = 9, 13
ALL_VERSIONS = (1 << (LAST_MINOR - FIRST_MINOR + 1)) - 1

HEADER = """\
# The standard library of CPython {versions} on Linux: modules, classes, members, names.
# Made by scripts/stdlib_table.py from the running interpreters; do not edit.
#
# Fields are separated by tabs. MASK: hexadecimal, bit 0 = 3.9 ... bit 4 = 3.13, empty = all of them.
# What differs between versions stands in several lines with disjoint masks. Sorted by name.
#
# m NAME MASK FLAGS        a module; its lines follow. p package, u unreadable here, g module-level __getattr__
# x NAME MASK CLASS        a name bound to a class that prints as CLASS
# y NAME MASK MODULE       a name bound to a module
# g NAME MASK CLASS        a name bound to a generic alias of CLASS
# f NAME MASK SIGNATURE    a name bound to a function or another callable that is no class
# v NAME MASK CLASS        a name bound to another value; its class, empty for the common builtin types
# c NAME MASK BASES FLAGS  a class whose __module__ is this module, by its __qualname__. `#2`: another
#                          class with the same id. Bound to that very name unless flagged h.
#     a has abstract methods, P typing.Protocol class, e enum, d own __getattr__ or __getattribute__,
#     f final (cannot be a base), h hidden (the name is not in the module's or class's namespace),
#     m... metaclass other than type; always last, to the end of the field
# d NAME MASK KIND SIG     a member of the class above (its own __dict__). f function, s static method,
#     k class method, p property or descriptor, a other attribute; ! abstract, ~ coroutine function
#     Signatures: defaults are `...`, annotations dropped, empty where inspect cannot tell.
#
# Dunder names of modules are left out, and of class members:{skipped}.
"""

SKIPPED_MEMBERS = frozenset(
    """__doc__ __module__ __dict__ __weakref__ __slots__ __annotations__ __abstractmethods__ _abc_impl
    __parameters__ __orig_bases__ __static_attributes__ __firstlineno__ __match_args__
    __dataclass_fields__ __dataclass_params__ __subclasshook__ __qualname__ __annotate__
    __slotnames__ __protocol_attrs__ __callable_proto_members_only__
    __non_callable_proto_members__""".split()
)

COMMON_TYPES = (int, str, bytes, float, bool, type(None), tuple, dict, list)


# ---- merging -------------------------------------------------------------------------------------


def main(arguments):
    if arguments[:1] == ["--dump"]:
        print("\n" + json.dumps(dump(arguments[1])))
    elif arguments[:1] == ["--list"]:
        print("\n" + json.dumps(list_modules(json.loads(arguments[1]))))
    elif arguments[:1] == ["--verify"] and len(arguments) == 2:
        return verify(arguments[1])
    elif arguments and not arguments[0].startswith("-"):
        text = table(arguments)
        sys.stdout.buffer.write(text.encode("utf-8"))
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


def table(pythons):
    """The text of the table, from the answers of these interpreters."""
    described = sorted((ask(python, "--list", "[]")["version"], python) for python in pythons)
    minors = [version[1] for version, _ in described]
    if sorted(set(minors)) != list(range(FIRST_MINOR, LAST_MINOR + 1)):
        sys.exit(f"needs one interpreter each of 3.{FIRST_MINOR} to 3.{LAST_MINOR}, not 3.{minors}")
    merged = Merged()
    later = None
    for version, python in reversed(described):
        later = Library.of(python, later)
        merged.add(later, 1 << (version[1] - FIRST_MINOR))
    versions = ", ".join(".".join(map(str, version)) for version, _ in described)
    header = HEADER.format(versions=versions, skipped=wrapped(sorted(SKIPPED_MEMBERS)))
    return header + "".join(line + "\n" for line in merged.lines())


def wrapped(words):
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) > 90:
            lines.append(line.rstrip())
            line = ""
        line += word + " "
    return "\n#   ".join(["", *lines, line.rstrip()])


class Merged:
    """Several libraries laid over each other: content → mask of the versions that have it."""

    def __init__(self):
        self.modules = Masks()  # module → flags
        self.names = Masks()  # (module, name) → (kind, target or signature)
        self.classes = Masks()  # (module, qualname) → (bases, flags)
        self.members = Masks()  # (module, qualname, name) → (kind, signature)

    def add(self, library, bit):
        for module, flags in library.modules.items():
            self.modules.add(module, flags, bit)
        for module, names in library.names.items():
            for name, content in names.items():
                self.names.add((module, name), tuple(content), bit)
        for (module, qualname), cls in library.classes.items():
            self.classes.add((module, qualname), (",".join(cls["bases"]), cls["flags"]), bit)
            for name, content in cls["members"].items():
                self.members.add((module, qualname, name), tuple(content), bit)

    def lines(self):
        sections = collections.defaultdict(list)
        for (module, name), mask, (kind, content) in self.names:
            sections[module].append((kind, name, mask, content))
        members = collections.defaultdict(list)
        for (module, qualname, name), mask, content in self.members:
            members[module, qualname].append(("d", name, mask, *content))
        shown = None
        for (module, qualname), mask, content in self.classes:
            if shown not in (None, (module, qualname)):
                sections[shown[0]] += members[shown]
            shown = (module, qualname)
            sections[module].append(("c", qualname, mask, *content))
        sections[shown[0]] += members[shown]
        last = None
        for module, mask, flags in self.modules:
            if last not in (None, module):
                yield from map(tabbed, sections[last])
            last = module
            yield tabbed(("m", module, mask, flags))
        yield from map(tabbed, sections[last])


class Masks:
    def __init__(self):
        self.of = collections.defaultdict(lambda: collections.defaultdict(int))

    def add(self, key, content, bit):
        self.of[key][content] |= bit

    def __iter__(self):
        for key, contents in sorted(self.of.items()):
            for content, mask in sorted(contents.items(), key=lambda item: item[1] & -item[1]):
                yield key, mask, content


def tabbed(fields):
    kind, name, mask, *rest = fields
    shown = "" if mask == ALL_VERSIONS else f"{mask:x}"
    return "\t".join([kind, name, shown, *rest])


# ---- one version, asked from outside -------------------------------------------------------------


class Library:
    """What one interpreter has: the answers of one child process a module, put together."""

    def __init__(self):
        self.modules = {}  # name → flags
        self.names = {}  # module → name → [kind, content]
        self.classes = {}  # (module, qualname) → bases, flags, members, mro, printed

    @classmethod
    def of(cls, python, later=None):
        """`later`: the next version, whose module list stands in where Python 3.9 has none."""
        library = cls()
        known = sorted(later.modules) if later else []
        listed = ask(python, "--list", json.dumps(known))
        wanted, asked = set(listed["found"]), set()
        while wanted:
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
                ordered = sorted(wanted)
                for module, answer in zip(ordered, pool.map(lambda m: ask(python, "--dump", m), ordered)):
                    library.add(module, answer, listed["packages"])
            asked |= wanted
            # Modules without a file of their own, such as `pyexpat.errors`.
            wanted = {module for module in library.mentioned() - asked if not excluded(module)}
        for module in set(listed["missing"]) - asked:
            # In the list of a later version: a module of another platform, or one that was new there.
            if later is None or "u" in later.modules[module]:
                library.modules[module] = "u"
        library.check()
        return library

    def add(self, module, answer, packages):
        if answer is None or answer["flags"] is None:
            self.modules[module] = "pu" if module in packages else "u"
        else:
            self.modules[module] = answer["flags"]
            self.names[module] = answer["names"]
        # A class may say that it comes from a module that is not there, or not listed.
        for found in answer["classes"] if answer else []:
            key = (found["module"], found["qualname"])
            if excluded(found["module"]):
                self.modules[found["module"]] = "u"
            known = self.classes.setdefault(key, found)
            if known["bases"] != found["bases"] or known["members"] != found["members"]:
                note(f"two classes print as {'.'.join(key)}; the one seen from {module} is left out")

    def mentioned(self):
        """Modules that a name is bound to or that a class says it comes from."""
        bound = {
            content for names in self.names.values() for kind, content in names.values() if kind == "y"
        }
        return bound | {module for module, _ in self.classes}

    def check(self):
        ids = {f"{module}.{qualname}" for module, qualname in self.classes}
        for (module, qualname), cls in sorted(self.classes.items()):
            for base in cls["bases"]:
                if base not in ids:
                    note(f"{module}.{qualname} has the base {base}, which was not found")
        for module, names in sorted(self.names.items()):
            for name, (kind, content) in sorted(names.items()):
                if kind in "xgv" and content and content not in ids:
                    note(f"{module}.{name} is bound to {content}, which was not found")


def ask(python, mode, argument):
    command = [python, "-I", "-S", "-B", "-W", "ignore", os.path.abspath(__file__), mode, argument]
    environment = {"LC_ALL": "C.UTF-8", "PATH": os.defpath, "HOME": "/nonexistent", "TZ": "UTC"}
    try:
        child = subprocess.run(
            command, env=environment, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, timeout=120
        )
    except subprocess.TimeoutExpired:
        note(f"{python}: {mode} {argument}: no answer in 120 s")
        return None
    if child.returncode != 0:
        note(f"{python}: {mode} {argument}: exit code {child.returncode}")
        note(child.stderr.decode("utf-8", "replace"))
        return None
    return json.loads(child.stdout.splitlines()[-1])


def note(text):
    print(text.rstrip(), file=sys.stderr)


# ---- the list of modules, in a child -------------------------------------------------------------


def list_modules(known):
    """Names of all modules, found without importing any; `known` replaces a list that 3.9 lacks."""
    library = os.path.dirname(os.__file__)
    folders = [library, os.path.join(library, "lib-dynload")]
    on_disk = {module.name for module in pkgutil.iter_modules(folders)} | set(sys.builtin_module_names)
    if hasattr(sys, "stdlib_module_names"):
        tops = set(sys.stdlib_module_names)
    else:
        tops = {name for name in on_disk if not for_tests(name)}
    found, packages = set(), set()
    pending = sorted((name, folders) for name in tops)
    while pending:
        name, path = pending.pop()
        if excluded(name):
            continue
        found.add(name)
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec and spec.submodule_search_locations and name not in sys.builtin_module_names:
            packages.add(name)
            inside = list(spec.submodule_search_locations)
            pending += [(module.name, inside) for module in pkgutil.iter_modules(inside, name + ".")]
    return {
        "version": sys.version_info[:3],
        "found": sorted(found),
        "packages": sorted(packages),
        "missing": sorted(name for name in set(known) - found if "stdlib_module_names" not in vars(sys)),
    }


def excluded(module):
    parts = module.split(".")
    return (
        parts[0] in ("test", "idlelib", "turtledemo", "antigravity", "this")
        or parts[0] in ("pip", "setuptools", "pkg_resources")
        or "__main__" in parts
        or any(part.startswith("test") for part in parts[1:])
        or module.startswith("ensurepip._bundled")
    )


def for_tests(module):
    """Top-level names that `sys.stdlib_module_names` leaves out, for the version without it."""
    return bool(re.match(r"_test|_ctypes_test|_xxtestfuzz|xx|_sysconfigdata_|sitecustom|__phello__", module))


# ---- one module, in a child ----------------------------------------------------------------------


def dump(name):
    """A module's names, and the classes that belong to it or that their own module does not show."""
    if SNAPSHOT is None or name in UNREADABLE:
        return {"flags": None, "names": {}, "classes": []}
    names = {key: value for key, value in SNAPSHOT.items() if isinstance(key, str) and not dunder(key)}
    identities = Identities(name)
    classes = reachable(names)
    identities.settle(classes)
    flags = ("p" if "__path__" in SNAPSHOT else "") + ("g" if "__getattr__" in SNAPSHOT else "")
    lines = {key: describe_name(name, key, value, identities) for key, value in names.items()}
    return {
        "flags": flags,
        "names": {key: line for key, line in lines.items() if line},
        "classes": [describe_class(cls, identities) for cls in classes if identities.is_shown_here(cls)],
    }


def dunder(name):
    return name.startswith("__") and name.endswith("__") and len(name) > 4


def reachable(names):
    """The classes that a namespace leads to, in a fixed order."""
    order, pending = {}, collections.deque()
    for _, value in sorted(names.items()):
        kind = kind_of_name(value)
        if kind == "class":
            pending.append(value)
        elif kind == "g":
            pending += (value.__origin__, type(value))
        elif kind == "v":
            pending.append(type(value))
    while pending:
        cls = pending.popleft()
        if id(cls) in order:
            continue
        order[id(cls)] = cls
        members = sorted(vars(cls).items(), key=lambda item: str(item[0]))
        pending += (value for _, value in members if is_class(value))
        pending += type.__dict__["__mro__"].__get__(cls)
        pending.append(type(cls))
    return list(order.values())


def is_class(value):
    return type in type(value).__mro__


class Identities:
    """What a class prints as, with a number where several would print the same.

    Numbers follow from the module that a class says it comes from, so that they are the same in
    every child.
    """

    def __init__(self, here):
        self.here = here
        self.claimed = {}  # module → {id(class): qualname}
        self.extra = {}  # id(class) → qualname: classes that their own module does not lead to
        self.alive = []

    def settle(self, classes):
        for cls in classes:
            module, qualname = module_of(cls, self.here), qualname_of(cls)
            self.alive.append(cls)
            if id(cls) in self.claims(module) or id(cls) in self.extra:
                continue
            prefix = module + "."
            taken = set(self.claims(module).values())
            taken |= {
                self.extra[id(other)]
                for other in self.alive
                if id(other) in self.extra and module_of(other, self.here) + "." == prefix
            }
            self.extra[id(cls)] = unused(qualname, taken)

    def claims(self, module):
        if module not in self.claimed:
            names = SNAPSHOT if module == self.here else None if excluded(module) else snapshot(module)
            self.claimed[module] = self.number(module, names or {})
        return self.claimed[module]

    def number(self, module, names):
        mine = {key: value for key, value in names.items() if isinstance(key, str) and not dunder(key)}
        classes = [cls for cls in reachable(mine) if module_of(cls, self.here) == module]
        self.alive += classes
        # The one that the namespace holds under its name comes first.
        classes.sort(key=lambda cls: find(names, qualname_of(cls)) is not cls)
        numbered = {}
        for cls in classes:
            numbered[id(cls)] = unused(qualname_of(cls), set(numbered.values()))
        return numbered

    def qualname(self, cls):
        claims = self.claims(module_of(cls, self.here))
        return claims.get(id(cls)) or self.extra[id(cls)]

    def identity(self, cls):
        return f"{module_of(cls, self.here)}.{self.qualname(cls)}"

    def is_shown_here(self, cls):
        return module_of(cls, self.here) == self.here or id(cls) in self.extra

    def is_hidden(self, cls):
        module = module_of(cls, self.here)
        names = SNAPSHOT if module == self.here else vars(sys.modules.get(module, types))
        return find(names, qualname_of(cls)) is not cls


def unused(qualname, taken):
    number, name = 1, qualname
    while name in taken:
        number += 1
        name = f"{qualname}#{number}"
    return name


def find(names, qualname):
    """The value under a dotted name; None where there is none."""
    head, *rest = qualname.split(".")
    value = names.get(head)
    for part in rest:
        if not is_class(value):
            return None
        value = vars(value).get(part)
    return value


def module_of(cls, fallback):
    # `__module__` may be a property, or anything else.
    try:
        module = cls.__module__
    except Exception:
        return fallback
    return module if type(module) is str else fallback


def qualname_of(cls):
    return type.__dict__["__qualname__"].__get__(cls)


def kind_of_name(value):
    if is_class(value):
        return "class"
    if types.ModuleType in type(value).__mro__:
        return "y"
    if is_alias(value):
        return "g"
    special = type(value).__module__ == "typing" and hasattr(type(value), "__mro_entries__")
    return "f" if callable(value) and not special else "v"


def is_alias(value):
    of_typing = type(value).__module__ == "typing" and "GenericAlias" in str(type(value).__mro__)
    callable_alias = type(value).__module__ == "typing" and type(value).__name__ == "_CallableType"
    if of_typing or callable_alias or isinstance(value, types.GenericAlias):
        return is_class(value.__origin__)
    return False


def describe_name(module, name, value, identities):
    kind = kind_of_name(value)
    if kind == "class":
        identity = identities.identity(value)
        return None if identity == f"{module}.{name}" else ["x", identity]
    if kind == "y":
        imported = importable_name(value)
        return ["y", imported] if imported else ["v", "builtins.module"]
    if kind == "g":
        return ["g", identities.identity(value.__origin__)]
    if kind == "f":
        return ["f", signature(value)]
    return ["v", "" if type(value) in COMMON_TYPES else identities.identity(type(value))]


def importable_name(module):
    spec = getattr(module, "__spec__", None)
    told = [getattr(spec, "name", None), module.__name__]
    names = told + sorted(name for name, value in sys.modules.items() if value is module)
    return next((name for name in names if name and sys.modules.get(name) is module), None)


def describe_class(cls, identities):
    mro = type.__dict__["__mro__"].__get__(cls)
    members = {
        name: describe_member(cls, name, value)
        for name, value in vars(cls).items()
        if isinstance(name, str) and name not in SKIPPED_MEMBERS
    }
    return {
        "module": module_of(cls, identities.here),
        "qualname": identities.qualname(cls),
        "bases": [identities.identity(base) for base in type.__dict__["__bases__"].__get__(cls)],
        "flags": class_flags(cls, identities),
        "members": members,
        "mro": [identities.identity(entry) for entry in mro],
        "printed": [f"{entry.__module__}.{entry.__qualname__}" for entry in mro],
    }


def class_flags(cls, identities):
    own = vars(cls)
    final = not cls.__flags__ & (1 << 10)  # Py_TPFLAGS_BASETYPE
    flags = [
        ("a", bool(getattr(cls, "__abstractmethods__", ()))),
        ("P", own.get("_is_protocol") is True),
        ("e", isinstance(cls, enum.EnumMeta)),
        ("d", "__getattr__" in own or looks_up_attributes_itself(own)),
        ("f", final),
        ("h", identities.is_hidden(cls)),
        ("m" + identities.identity(type(cls)), type(cls) is not type),
    ]
    return "".join(flag for flag, is_set in flags if is_set)


def looks_up_attributes_itself(own):
    lookup = own.get("__getattribute__")
    if lookup is None or lookup is object.__getattribute__:
        return False
    if type(lookup) is not types.WrapperDescriptorType:
        return True
    # Most builtin types name object's C function in their own slot: `str.__getattribute__`.
    return wrapped_function(lookup) != wrapped_function(object.__getattribute__)


def wrapped_function(wrapper):
    """The C function of a slot wrapper: `d_wrapped` of PyWrapperDescrObject (cpython/descrobject.h)."""
    import ctypes

    fields = ["ob_refcnt", "ob_type", "d_type", "d_name", "d_qualname", "d_base", "d_wrapped"]
    return ctypes.cast(id(wrapper), ctypes.POINTER(ctypes.c_void_p))[fields.index("d_wrapped")]


def describe_member(cls, name, value):
    if isinstance(cls, enum.EnumMeta) and name in cls.__dict__.get("_member_map_", {}):
        return ["a", ""]
    kind, raw = kind_of_member(value)
    coroutine = kind in "fsk" and inspect.iscoroutinefunction(raw)
    abstract = static_attribute(value, "__isabstractmethod__") is True
    suffix = ("!" if abstract else "") + ("~" if coroutine else "")
    return [kind + suffix, signature(raw) if kind in "fsk" else ""]


def static_attribute(value, name):
    try:
        return getattr(value, name, None)
    except Exception:
        return None


def kind_of_member(value):
    """The kind letter, and the function that has the signature."""
    own = type(value)
    if issubclass(own, staticmethod):
        return "s", value.__func__
    if issubclass(own, classmethod):
        return "k", value.__func__
    if own is types.ClassMethodDescriptorType:
        return "k", value
    if own is types.BuiltinFunctionType:
        return "s", value  # does not bind: `object.__new__`
    if own is functools.partialmethod:
        return "f", None
    if own is functools.singledispatchmethod:
        return "f", value.func
    if is_class(value) or not hasattr(own, "__get__"):
        return "a", None
    if callable(value):
        return "f", value
    return "p", None


class Dots:
    def __repr__(self):
        return "..."


def signature(function):
    if function is None:
        return ""
    try:
        found = inspect.signature(function)
        empty = inspect.Parameter.empty
        shown = [
            parameter.replace(
                annotation=empty, default=empty if parameter.default is empty else Dots()
            )
            for parameter in found.parameters.values()
        ]
        return str(inspect.Signature(shown))
    except Exception:  # objects that answer every attribute, such as `mock.call`
        return ""


# ---- verification --------------------------------------------------------------------------------


def verify(path):
    """Compares C3 over the bases of the table with the MROs of the running interpreter."""
    bit = 1 << (sys.version_info[1] - FIRST_MINOR)
    stated = read_bases(path, bit)
    stated_modules = read_modules(path, bit)
    library = Library.of(sys.executable)
    actual = {f"{module}.{qualname}": cls for (module, qualname), cls in library.classes.items()}
    wrong = []
    for identity in sorted(stated.keys() | actual.keys()):
        if identity not in stated or identity not in actual:
            wrong.append(f"{identity}: only in {'the table' if identity in stated else 'CPython'}")
            continue
        expected = actual[identity]
        order = c3(identity, stated)
        if order != expected["mro"]:
            wrong.append(f"{identity}: {order} is really {expected['mro']}")
        elif [re.sub(r"#\d+", "", entry) for entry in order] != expected["printed"]:
            wrong.append(f"{identity}: {order} prints as {expected['printed']}")
    unlisted = sorted(library.modules.keys() - stated_modules)
    wrong += [f"module {module}: not in the table" for module in unlisted]
    for line in wrong:
        print(line)
    version = ".".join(map(str, sys.version_info[:3]))
    print(
        f"{version}: {len(stated_modules)} modules, {len(stated)} classes in the table,"
        f" {len(actual)} in CPython, {len(wrong)} disagreements"
    )
    return 1 if wrong else 0


def read_lines(path, bit):
    """Kind and fields of the lines that hold for a version."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#"):
                continue
            kind, name, mask, *rest = line.rstrip("\n").split("\t")
            # The line of a module opens its section for every version.
            if kind == "m" or not mask or int(mask, 16) & bit:
                yield kind, name, mask, rest


def read_modules(path, bit):
    lines = read_lines(path, bit)
    return {name for kind, name, mask, _ in lines if kind == "m" and int(mask or "ff", 16) & bit}


def read_bases(path, bit):
    bases, module = {}, None
    for kind, name, _, rest in read_lines(path, bit):
        if kind == "m":
            module = name
        elif kind == "c":
            bases[f"{module}.{name}"] = rest[0].split(",") if rest[0] else []
    return bases


def c3(identity, bases):
    """The C3 linearisation (https://www.python.org/download/releases/2.3/mro/); None where there is none."""
    parents = bases.get(identity)
    if parents is None:
        return None
    rows = [c3(parent, bases) for parent in parents]
    if None in rows:
        return None
    rows = [row for row in [*map(list, rows), list(parents)] if row]
    order = [identity]
    while rows:
        heads = (row[0] for row in rows if not any(row[0] in other[1:] for other in rows))
        head = next(heads, None)
        if head is None:
            return None
        order.append(head)
        rows = [rest for rest in ([e for e in row if e != head] for row in rows) if rest]
    return order


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
