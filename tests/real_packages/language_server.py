"""A client of the Language Server Protocol, as far as asking for references needs one.

Messages are JSON-RPC with a `Content-Length` header (LSP 3.17, base protocol). A thread reads what
the server says: answers go to whoever waits for them, and requests of the server's own are answered
at once, for servers do not start without their configuration.
"""

from __future__ import annotations

import itertools
import json
import os
import queue
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

ANSWER_SECONDS = 120.0
QUIET_SECONDS = 2.0


class ServerError(Exception):
    pass


class LanguageServer:
    """A server for one workspace folder. `settings` answers its `workspace/configuration` by section."""

    def __init__(self, command: list[str | Path], root: Path, settings: dict[str, Any]) -> None:
        self.root = root.resolve()
        self.settings = settings
        self.ids = itertools.count(1)
        self.answers: dict[int, queue.Queue[Any]] = {}
        self.writing = threading.Lock()
        self.process = subprocess.Popen(
            list(map(str, command)),
            cwd=self.root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        threading.Thread(target=self.read, daemon=True).start()

    def __enter__(self) -> LanguageServer:
        uri = self.root.as_uri()
        self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": uri,
                "workspaceFolders": [{"uri": uri, "name": self.root.name}],
                "initializationOptions": self.settings,
                "capabilities": {
                    "workspace": {"configuration": True, "workspaceFolders": True},
                    "window": {"workDoneProgress": True},
                    "textDocument": {"references": {}},
                },
            },
        )
        self.notify("initialized", {})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The server holds nothing to save, and an orderly shutdown waits for its index.
        self.process.kill()
        self.process.wait()

    def is_idle(self) -> bool:
        """Whether the server does next to nothing while nobody asks: it has read what it wants to.

        No message of the protocol says so. Pyrefly answers for a dozen seconds with the few files
        that it has read by then, the same answer every time.
        """
        before = self.cpu_seconds()
        time.sleep(QUIET_SECONDS)
        return self.cpu_seconds() - before < 0.05 * QUIET_SECONDS

    def cpu_seconds(self) -> float:
        """User and system time of the process; fields 14 and 15 of proc(5)'s `/proc/PID/stat`."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def open(self, path: Path) -> None:
        text = path.read_text()
        self.notify(
            "textDocument/didOpen",
            {"textDocument": {"uri": path.resolve().as_uri(), "languageId": "python", "version": 1, "text": text}},
        )

    def references(self, path: Path, line: int, column: int) -> set[tuple[str, int]]:
        """Paths relative to the workspace and lines of all references but the declaration; 1-based."""
        answer = self.request(
            "textDocument/references",
            {
                "textDocument": {"uri": path.resolve().as_uri()},
                "position": {"line": line - 1, "character": column - 1},
                "context": {"includeDeclaration": False},
            },
        )
        found = set()
        for location in answer or []:
            place = Path(unquote(urlsplit(location["uri"]).path))
            if self.root in place.parents:
                found.add((place.relative_to(self.root).as_posix(), location["range"]["start"]["line"] + 1))
        return found

    def request(self, method: str, parameters: Any) -> Any:
        number = next(self.ids)
        self.answers[number] = queue.Queue()
        self.send({"id": number, "method": method, "params": parameters})
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                message = self.answers[number].get(timeout=1.0)
                break
            except queue.Empty:
                if self.process.poll() is not None:
                    raise ServerError(f"the server ended with {self.process.returncode} during {method}") from None
                if time.monotonic() > deadline:
                    raise ServerError(f"no answer to {method} in {ANSWER_SECONDS:.0f} s") from None
        del self.answers[number]
        if "error" in message:
            raise ServerError(f"{method}: {message['error']}")
        return message.get("result")

    def notify(self, method: str, parameters: Any) -> None:
        self.send({"method": method, "params": parameters})

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        with self.writing:
            self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            self.process.stdin.flush()

    def read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (header := stream.readline()) not in (b"", b"\r\n"):
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not length:
                return
            message = json.loads(stream.read(length))
            if "method" in message and "id" in message:
                try:
                    self.send({"id": message["id"], "result": self.answer(message["method"], message.get("params"))})
                except OSError:
                    return
            elif "id" in message and message["id"] in self.answers:
                self.answers[message["id"]].put(message)

    def answer(self, method: str, parameters: Any) -> Any:
        match method:
            case "workspace/configuration":
                return [self.section(item.get("section") or "") for item in parameters["items"]]
            case "workspace/workspaceFolders":
                return [{"uri": self.root.as_uri(), "name": self.root.name}]
            case _:
                return None

    def section(self, name: str) -> Any:
        value: Any = self.settings
        for part in filter(None, name.split(".")):
            value = value.get(part, {}) if isinstance(value, dict) else {}
        return value
