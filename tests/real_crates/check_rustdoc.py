"""The inventory of real crates beside rustdoc's: types, traits, modules, methods, and which type implements what.

    check_rustdoc.py SSOT_BINARY

rustdoc reads what the compiler makes of a crate: macros expanded, conditions decided for this machine. So each
difference must be one of these, or it fails:
  * ours only, and the item stands under a condition (`cfg`), which rustdoc decided against;
  * ours only, and the item stands in a function, where rustdoc does not look;
  * rustdoc's only, and a macro or a derive made it: its place is where no such item is written;
  * rustdoc's only, and it is a method that the crate gives to a type of another one.
Places are compared, not names alone: file and line of each item.
"""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TARGET = pathlib.Path(os.environ.get("REAL_CRATES_TARGET", HERE.parent.parent / "target" / "real-crates"))
KINDS = {"struct": "struct", "enum": "enum", "union": "union", "trait": "trait"}
# Differences that are ours to live with, each with its reason.
ALLOWED = {
    # The name is another type under another condition, and conditions are kept, not decided.
    ("anyhow", "src/chain.rs", "Chain"),
    ("anyhow", "src/context.rs", "ContextError"),
    ("anyhow", "src/error.rs", "ErrorImpl"),
    ("anyhow", "src/wrapper.rs", "BoxedError"),
    ("anyhow", "src/wrapper.rs", "DisplayError"),
    ("anyhow", "src/wrapper.rs", "MessageError"),
    # An alias of its own type parameter: `type NodeIndex<Ix> = Ix`.
    ("petgraph", "src/adj.rs", "NodeIndex"),
}
# What a line that defines an item says; `r#` may stand before a name.
KEYWORDS = r"\b(?:struct|enum|union|trait|fn|mod|impl)\b"


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def crates():
    """Name, version, folder and library root of each crate that the manifest names."""
    metadata = json.loads(run("cargo", "metadata", "--format-version=1", "--locked", cwd=HERE))
    own = next(package for package in metadata["packages"] if package["name"] == "real-crates")
    wanted = {dependency["name"] for dependency in own["dependencies"]}
    for package in sorted(metadata["packages"], key=lambda package: package["name"]):
        if package["name"] in wanted and package["source"]:
            library = next(t for t in package["targets"] if "lib" in t["kind"])
            yield package, library


def rustdoc(package, library):
    flags = ["-Zunstable-options", "--output-format=json", "--document-private-items", "--document-hidden-items", "--cap-lints=allow"]
    environment = {**os.environ, "RUSTC_BOOTSTRAP": "1", "CARGO_TARGET_DIR": str(TARGET)}
    name = f"{package['name']}@{package['version']}"
    run("cargo", "rustdoc", "--quiet", "--locked", "-p", name, "--lib", "--", *flags, cwd=HERE, env=environment)
    with open(TARGET / "doc" / f"{library['name'].replace('-', '_')}.json") as file:
        return json.load(file)


class Truth:
    """What rustdoc says of one crate, by place."""

    def __init__(self, data, folder):
        self.index = data["index"]
        self.folder = folder
        self.types, self.methods, self.impls = {}, {}, set()
        self.modules = set()
        self.foreign = collections.Counter()
        for item in self.index.values():
            self.read(item)
        root = self.index[str(data["root"])]
        self.walk(root, root["name"])

    def place(self, item):
        span = item["span"]
        if not span:
            return None
        path = pathlib.Path(span["filename"])
        path = path if path.is_absolute() else self.folder / path
        try:
            return (path.relative_to(self.folder).as_posix(), span["begin"][0], span["end"][0])
        except ValueError:
            return None

    def read(self, item):
        kind, inner = next(iter(item["inner"].items()))
        place = self.place(item)
        if kind in KINDS and item["crate_id"] == 0 and place:
            self.types[(place[0], item["name"], KINDS[kind])] = place
            for child in inner.get("items", []) if kind == "trait" else []:
                self.function(child, item["name"], None)
        if kind == "impl" and item["crate_id"] == 0 and place and not inner["is_synthetic"] and not inner["blanket_impl"]:
            of = inner["for"].get("resolved_path")
            trait = inner["trait"]["path"].split("::")[-1].split("<")[0] if inner["trait"] else None
            if of is None:
                self.foreign["impl of no path"] += 1
                return
            name = of["path"].split("::")[-1]
            is_foreign = str(of["id"]) not in self.index or self.index[str(of["id"])]["crate_id"] != 0
            if trait and not is_foreign:
                self.impls.add((place[0], name, trait, place[1]))
            for child in inner["items"]:
                self.function(child, name, trait, is_foreign)

    def function(self, id, owner, trait, is_foreign=False):
        child = self.index.get(str(id))
        if child and "function" in child["inner"]:
            place = self.place(child)
            if place:
                self.methods[(place[0], owner, child["name"], place[1])] = is_foreign

    def walk(self, module, path):
        self.modules.add(path)
        for id in module["inner"]["module"]["items"]:
            child = self.index.get(str(id))
            if child and "module" in child["inner"] and child["crate_id"] == 0:
                self.walk(child, f"{path}::{child['name']}")


class Ours:
    """What ssot says of the same crate."""

    def __init__(self, binary, folder, library):
        scan = json.loads(run(binary, "scan", folder, "--no-ignore", "--no-python", "--format", "json"))
        graph = json.loads(run(binary, "graph", folder, "--no-ignore", "--no-python", "--format", "json"))
        name = library["name"].replace("-", "_")
        in_library = lambda id: id == name or id.startswith(name + "::")
        self.types, self.methods, self.conditions, self.ids = {}, {}, {}, {}
        self.traits = collections.defaultdict(set)
        for found in scan["types"]:
            if found["language"] != "rust" or not in_library(found["id"]):
                continue
            key = (found["path"], found["name"], found["kind"])
            self.types[key] = found["line"]
            self.conditions[key] = found.get("condition")
            self.ids[key] = found["id"]
            for base in found["bases"]:
                # By the name that the block says, and by what that stands for.
                names = (base["text"].split("<")[0], base["target"] or "")
                self.traits[found["name"]].update(name.split("::")[-1] for name in names)
            for method in found["methods"]:
                path = method.get("path", found["path"])
                key = (path, found["name"], method["name"], method["line"])
                self.methods[key] = (method.get("through") or "").split("::")[-1].split("<")[0] or None
                self.conditions[key] = method.get("condition") or found.get("condition")
                self.ids[key] = found["id"]
        self.modules = {m["id"]: m["path"] for m in graph["modules"] if m["path"] and in_library(m["id"])}
        self.files = {m["path"] for m in graph["modules"] if m["path"]}


def is_written(folder, path, line, name):
    """Whether the line of the source, or one of the two after it, defines this name itself."""
    lines = (folder / path).read_text(encoding="utf-8").splitlines()
    near = "\n".join(lines[line - 1 : line + 2])
    return re.search(rf"{KEYWORDS}\s+(?:r#)?{re.escape(name)}\b", near) is not None


def is_impl(folder, path, line):
    """Whether an `impl` is written on the line or one of the two after it."""
    lines = (folder / path).read_text(encoding="utf-8").splitlines()
    return re.search(r"\bimpl\b", "\n".join(lines[line - 1 : line + 2])) is not None


def in_macro(folder, path, line):
    """Whether a line stands in the brackets of a `macro_rules!` or of another macro that makes items."""
    text = (folder / path).read_text(encoding="utf-8").splitlines()
    depth_line = None
    for number, content in enumerate(text, 1):
        if re.match(r"^\s*(?:#\[[^\]]*\]\s*)*(?:[\w:]+!|macro_rules!\s*\w+)\s*[({\[]", content) or re.match(r"^\s*macro_rules!\s*\w+", content):
            start, depth, seen = number, 0, False
            for inner in range(number - 1, len(text)):
                code = re.sub(r"//.*|'[({\[\]})]'|\"(?:[^\"\\]|\\.)*\"", "", text[inner])
                depth += sum(code.count(c) for c in "({[") - sum(code.count(c) for c in ")}]")
                seen |= any(c in code for c in "({[")
                if seen and depth <= 0:
                    if start <= line <= inner + 1:
                        return True
                    break
    return False


def check(binary, package, library, report):
    folder = pathlib.Path(package["manifest_path"]).parent
    truth = Truth(rustdoc(package, library), folder)
    ours = Ours(binary, str(folder), library)
    row = collections.Counter()
    wrong = []

    def is_local(key):
        module, _, _ = ours.ids[key].rpartition("::")
        return module not in ours.modules

    own_names = {name for _, name, _ in truth.types}
    made = {key[1] for key, place in truth.types.items() if not is_written(folder, key[0], place[1], key[1])}
    library_files = set(ours.modules.values())

    def compare(what, theirs, mine, name_of, condition):
        row[f"{what}_matched"] += len(theirs & mine)
        for key in sorted(mine - theirs, key=str):
            if condition(key):
                row["under_a_condition"] += 1
            elif what == "methods" and key[0] not in library_files:
                row["in_another_target"] += 1
            elif is_local(key):
                row["in_a_function"] += 1
            elif in_macro(folder, key[0], key[-1] if isinstance(key[-1], int) else 0):
                row["in_a_macro"] += 1
            else:
                wrong.append(f"{what} of ours only: {key}")
        for key in sorted(theirs - mine, key=str):
            name, line = name_of(key)
            if not is_written(folder, key[0], line, name) or in_macro(folder, key[0], line):
                row["made_by_a_macro"] += 1
            elif what == "methods" and (key in foreign or key[1] not in own_names):
                row["of_a_foreign_type"] += 1
            elif what == "methods" and key[1] in made:
                row["of_a_type_that_a_macro_made"] += 1
            elif (package["name"], key[0], key[1]) in ALLOWED:
                row["allowed"] += 1
            else:
                wrong.append(f"{what} of rustdoc only: {key}")

    types = {key: place for key, place in truth.types.items()}
    compare("types", set(types), set(ours.types), lambda key: (key[1], types[key][1]), ours.conditions.get)
    # rustdoc's place of a method starts with its attributes; ours is the line of the name.
    ends = {}
    for path, owner, name, line in ours.methods:
        ends.setdefault((path, owner, name), []).append(line)
    shifted, foreign = set(), set()
    for path, owner, name, line in truth.methods:
        near = [own for own in ends.get((path, owner, name), []) if line <= own <= line + 60]
        key = (path, owner, name, min(near, default=line))
        shifted.add(key)
        if truth.methods[(path, owner, name, line)]:
            foreign.add(key)
    compare("methods", shifted, set(ours.methods), lambda key: (key[2], key[3]), ours.conditions.get)
    for path, name, trait, line in sorted(truth.impls):
        if trait in ours.traits[name]:
            row["impls_matched"] += 1
        elif not is_impl(folder, path, line) or in_macro(folder, path, line):
            row["impls_made_by_a_macro"] += 1
        elif (package["name"], path, name) in ALLOWED:
            row["allowed"] += 1
        else:
            wrong.append(f"impl of rustdoc only: {(path, name, trait, line)}")
    row["modules_matched"] += len(truth.modules & set(ours.modules))
    for module in sorted(truth.modules - set(ours.modules)):
        wrong.append(f"module of rustdoc only: {module}")
    for module in sorted(set(ours.modules) - truth.modules):
        row["modules_under_a_condition"] += 1
    # Every target that cargo names is the root of a crate of ours.
    for target in package["targets"]:
        source = pathlib.Path(target["src_path"]).relative_to(folder).as_posix()
        if source in ours.files:
            row["targets_matched"] += 1
        elif (folder / source).exists():
            wrong.append(f"target of cargo only: {source}")
    report[f"{package['name']} {package['version']}"] = {**row, "unexplained": len(wrong)}
    print(f"{package['name']:<18} {dict(row)}, unexplained {len(wrong)}")
    for line in wrong[:12]:
        print("    " + line)
    return len(wrong)


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    report, wrong = {}, 0
    only = set(sys.argv[2:])
    for package, library in crates():
        if not only or package["name"] in only:
            wrong += check(binary, package, library, report)
    total = collections.Counter()
    for row in report.values():
        total.update(row)
    print(f"{len(report)} crates: {dict(total)}")
    sys.exit(1 if wrong else 0)


main()
