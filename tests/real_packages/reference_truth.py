"""What two language servers say about the references of a pinned list of classes.

Pyright and pyrefly are asked for `textDocument/references` of the class name at its definition, in
a workspace that holds a copy of the package. Nothing here knows of ssot. The answers are kept until
a version, the list of classes, or the way of asking changes.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import environment
from language_server import LanguageServer

Place = tuple[str, int]

# Workspace → the classes asked about. Definitions, not the shorter names under which they are exported.
CLASSES: dict[str, list[str]] = {
    "flask": ["flask.app.Flask", "flask.blueprints.Blueprint", "flask.sansio.scaffold.Scaffold"],
    "werkzeug": [
        "werkzeug.wrappers.response.Response",
        "werkzeug.datastructures.headers.Headers",
        "werkzeug.exceptions.HTTPException",
    ],
    "jinja2": ["jinja2.environment.Environment", "jinja2.nodes.Node"],
    "click": ["click.core.Context", "click.core.Command", "click.types.ParamType"],
    "rich": ["rich.console.Console", "rich.text.Text", "rich.style.Style"],
    "httpx": ["httpx._client.Client", "httpx._models.Response", "httpx._urls.URL"],
    "aiohttp": ["aiohttp.client.ClientSession", "aiohttp.web_request.BaseRequest", "aiohttp.web_app.Application"],
    "pydantic": ["pydantic.main.BaseModel", "pydantic.fields.FieldInfo"],
    "celery": ["celery.app.base.Celery", "celery.app.task.Task", "celery.result.AsyncResult"],
    "_pytest+pytest": ["_pytest.nodes.Node", "_pytest.config.Config", "_pytest.fixtures.FixtureDef"],
    "attr+attrs": ["attr._make.Attribute", "attr._make.Factory"],
}
ROUNDS_AT_MOST = 100
SECONDS_BETWEEN_ROUNDS = 0.5


def make_workspace(workspace: str, venv: Path) -> Path:
    """A folder with a copy of the package, so that it is the user's code and not a dependency."""
    root = environment.HOME / "workspaces" / workspace
    site = environment.site_packages(venv)
    for name in workspace.split("+"):
        shutil.rmtree(root / name, ignore_errors=True)
        shutil.copytree(site / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "pyrefly.toml").write_text(
        f"python-interpreter-path = {json.dumps(str(venv / 'bin' / 'python'))}\n"
        'search-path = ["."]\n'
        'project-includes = ["**/*.py"]\n'
        # The workspace is below `target`, which git ignores.
        "use-ignore-files = false\n"
    )
    return root


def ask_servers(workspace: str, root: Path, venv: Path, refresh: bool) -> dict[str, Any]:
    """Symbol → server → places."""
    symbols = CLASSES[workspace]
    python = str(venv / "bin" / "python")
    analysis = {"diagnosticMode": "openFilesOnly", "autoSearchPaths": False, "useLibraryCodeForTypes": True}
    settings = {"python": {"pythonPath": python, "analysis": analysis}}
    servers: dict[str, list[str | Path]] = {
        "pyright": ["node", environment.PYRIGHT_SERVER, "--stdio"],
        "pyrefly": [environment.TRUTH_BIN / "pyrefly", "lsp", "--indexing-mode", "lazy-blocking"],
    }

    def ask() -> dict[str, Any]:
        truth: dict[str, Any] = {symbol: {} for symbol in symbols}
        for name, command in servers.items():
            with LanguageServer(command, root, settings) as server:
                for symbol, places in settled_references(server, root, symbols).items():
                    truth[symbol][name] = sorted(places)
        return truth

    inputs = [
        environment.HERE / name
        for name in (
            "requirements.txt", "truth-requirements.txt", "truth-package.json",
            "reference_truth.py", "language_server.py",
        )
    ]  # fmt: skip
    answer: dict[str, Any] = environment.cached(f"references-{workspace}", inputs, ask, refresh)
    return answer


def settled_references(server: LanguageServer, root: Path, symbols: list[str]) -> dict[str, set[Place]]:
    """Ask about all symbols until the server is idle and answers as it did before it was.

    Both servers answer while they still read the workspace, with what they know by then.
    """
    definitions = {symbol: definition(root, symbol) for symbol in symbols}
    for path, _, _ in definitions.values():
        server.open(path)
    before: dict[str, set[Place]] = {}
    for _ in range(ROUNDS_AT_MOST):
        answers = {symbol: server.references(*place) for symbol, place in definitions.items()}
        if answers == before and all(answers.values()) and server.is_idle():
            again = {symbol: server.references(*place) for symbol, place in definitions.items()}
            if again == answers:
                return answers
        before = answers
        time.sleep(SECONDS_BETWEEN_ROUNDS)
    sys.exit(f"{root.name}: the answers of {server.process.args!r} do not settle")


def definition(root: Path, symbol: str) -> tuple[Path, int, int]:
    """File, line and column of the name in the class statement."""
    module, _, name = symbol.rpartition(".")
    path = root / Path(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if match := re.match(rf"\s*class\s+({name})\b", line):
            return path, number, match.start(1) + 1
    sys.exit(f"{path}: no class {name}")
