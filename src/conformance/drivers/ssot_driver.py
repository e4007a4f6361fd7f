"""Drives a WebSocket manager written in Python for `ssot conform run`.

As a program it wraps any importable class, `pkg.mod:Class` or `path/to/file.py:Class`. As a library it is the loop of a
driver of your own:

    from ssot_driver import Driver, serve

    class Mine(Driver):
        name = "mine 1.2"
        manager = Rooms
        async def reset(self, limits, nodes): self.manager = Rooms(self.server)
        async def connect_user(self, user_id, websocket, thread_id): return await self.manager.join(user_id, websocket)

    serve(Mine())

What the driver or its manager has methods for is announced, and what `extras` says; nothing else.

Each `reset` brings a new event loop, and the candidate's modules are imported anew: those below the target's package, or
below the root. State that other packages keep stays.

At L1 time stands still unless the harness says `advance`, with these exceptions: while a call runs that needs time to end
(a pause between attempts, a deadline), time goes on as it does outside; `settle` lets timers fire that are due within
50 ms, since a writer that polls is at rest only between two polls; and each look at a clock takes a microsecond. This
holds for the loop's timers, the clocks of `time`, and `datetime.now` as the candidate's own modules see it. It does not
hold for other threads that wait, for `datetime` inside of libraries, and for clocks that were bound before the candidate
was imported. `settle` waits a second at most for `run_in_executor`, and not at all for threads that nobody waits for.

A candidate that is not async, and calls `websocket.send(…)` without awaiting it, sends nothing: so it is with real sockets.
"""
import argparse
import asyncio
import base64
import collections
import concurrent.futures
import datetime
import enum
import importlib
import importlib.util
import inspect
import json
import os
import selectors
import sys
import threading
import time
import types
import uuid
import warnings

PROTOCOL = "ssot-conform/1"

# The manager's calls and their parameters, in the order of the protocol.
CALLS = {
    "connect_user": ("user_id", "websocket", "thread_id"),
    "disconnect_user": ("user_id", "websocket"),
    "send_to_user": ("user_id", "message"),
    "send_to_thread": ("thread_id", "message"),
    "send_agent_update": ("run_id", "agent_name", "update"),
    "check_connection_health": ("connection_id",),
    "get_stats": (),
    "send_to_connection": ("connection_id", "message"),
    "broadcast": ("message", "exclude_users"),
    "find_user_connections": ("user_id",),
    "bind_run": ("run_id", "thread_id"),
    "shutdown": ("within_ms",),
}

SETTLE_WITHIN = 0.05
SILENCE = 0.1
MAX_ROUNDS = 20_000
MAX_WAIT_FOR_JOBS = 1.0
LAST_BREATH = 0.5

_real_monotonic = time.monotonic
_real_time = time.time
_real_sleep = time.sleep
_real_datetime = datetime.datetime


class Invalid(Exception):
    """A request that makes no sense."""


class Unsupported(Exception):
    """A request for what was not announced, or a value that Python lacks."""


class Unloadable(Exception):
    """A candidate that cannot be had; the text says why."""

    def __str__(self):
        return self.args[0]


# ---------------------------------------------------------------------------------------------------------------- driver


class Driver:
    """What stands between the loop and a candidate: methods named as the manager's calls, with their parameters."""

    name = "driver"
    level = "L1"
    # Capabilities beside the calls, `cancel` and `clock`.
    extras = ()
    # Whether time stands still between requests. With real sockets it does not.
    virtual_time = True
    # What has the calls that the driver has no methods for; before the first `reset`, its class.
    manager = None

    def capabilities(self):
        """What is announced."""
        # With real clients nobody hands over a socket.
        possible = [call for call in CALLS if self.level == "L1" or "websocket" not in CALLS[call]]
        calls = [call for call in possible if callable(getattr(self, call, getattr(self.manager, call, None)))]
        own = ["cancel"] + (["clock"] if self.virtual_time and self.level == "L1" else [])
        return calls + own + list(self.extras)

    async def start(self):
        """Before `hello` is answered; what is raised here is told to the harness."""

    async def reset(self, limits, nodes):
        """Makes a fresh manager, in a fresh event loop."""

    async def close(self):
        """Lets go of what the end of a loop does not: processes, server sockets."""

    def new_socket(self, peer):
        """The socket of a peer, as the candidate expects it."""
        return socket_of(peer)

    async def call(self, call, arguments, node):
        """One call of the manager; `node` tells which of several."""
        own = getattr(self, call, None)
        if callable(own):
            return await finished(own(**arguments))
        method = getattr(self.manager, call, None)
        if not callable(method):
            raise Unsupported("%s was not announced" % call)
        positional, keywords = by_signature(call, method, arguments)
        return await finished(method(*positional, **keywords))


async def finished(result):
    """The value of what may have to be awaited."""
    return await result if inspect.isawaitable(result) else result


def serve(driver):
    """Answers requests from standard input until `stop` or its end. Does not return."""
    wire = Wire()
    clock = Clock(driver.virtual_time and driver.level == "L1")
    clock.install()
    request = None
    while True:
        loop = Loop(clock)
        asyncio.set_event_loop(loop)
        session = Session(driver, wire, loop)
        request = loop.run_until_complete(session.run(request))
        session.end()
        if request is None or request["op"] == "stop":
            break
    if request is not None:
        wire.write({"id": request["id"], "ok": {"value": None}})
    sys.stderr.flush()
    # Threads that a candidate left behind must not keep the process.
    os._exit(0)


class Session:
    """From one `reset` to the next: one event loop, one fresh manager."""

    def __init__(self, driver, wire, loop):
        self.driver = driver
        self.wire = wire
        self.loop = loop
        self.peers = {}
        self.messages = {}
        # Ids that JSON cannot hold, under the text that stands for them.
        self.handles = {}
        self.running = {}
        self.begun = set()
        self.given_up = set()

    async def run(self, reset):
        """Answers requests; returns the one that ends the session, None at the end of input."""
        self.wire.attach(self.loop)
        if reset is not None:
            self.loop.is_awaited = True
            await self.answer(reset)
            self.loop.is_awaited = False
        while True:
            line = await self.wire.next_line()
            if line is None:
                return None
            request = self.read(line)
            if request is None:
                continue
            if request["op"] in ("reset", "stop"):
                return request
            self.loop.last_request = _real_monotonic()
            if request["op"] == "cancel":
                await self.cancel(request)
                continue
            task = self.loop.create_task(self.answer(request))
            if request.get("wait", True):
                self.loop.is_awaited = True
                await asyncio.wait({task})
                self.loop.is_awaited = False
            else:
                self.running[request["id"]] = task
                self.begun.add(request["id"])
                # It has begun before anything else is read.
                await asyncio.sleep(0)
            self.loop.outstanding = len(self.running)

    def read(self, line):
        """The request on a line; what is none is told on standard error, and answered where it has an id."""
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, dict) or not isinstance(request.get("id"), int):
            complain("not a request: %.200r" % line)
            return None
        if not isinstance(request.get("op"), str) or not isinstance(request.get("args", {}), dict):
            self.refuse(request["id"], "invalid", "a request has an op and args")
            return None
        return request

    def refuse(self, request_id, kind, message):
        self.wire.write({"id": request_id, "error": {"kind": kind, "message": message}})

    async def answer(self, request):
        request_id = request["id"]
        try:
            value = await self.perform(request["op"], request.get("args", {}))
            reply = {"id": request_id, "ok": {"value": value}}
            self.wire.write(reply)
        except Invalid as error:
            self.refuse(request_id, "invalid", str(error))
        except Unsupported as error:
            self.refuse(request_id, "unsupported", str(error))
        except Unloadable as error:
            complain(str(error))
            self.refuse(request_id, "raised", str(error))
        except asyncio.CancelledError:
            is_ours = request_id in self.given_up
            self.refuse(request_id, "cancelled" if is_ours else "raised", "given up" if is_ours else "CancelledError")
        except BaseException as error:  # whatever a candidate raises is an answer
            self.refuse(request_id, "raised", describe(error))
        finally:
            self.running.pop(request_id, None)
            self.loop.outstanding = len(self.running)

    async def perform(self, op, args):
        if op in CALLS:
            return await self.call(op, args)
        operation = OPERATIONS.get(op)
        if operation is None:
            raise Unsupported("no such operation: %s" % op)
        try:
            return await finished(operation(self, args))
        except KeyError as error:
            raise Invalid("missing or unknown: %s" % error) from None

    async def call(self, call, args):
        """A call of the manager, its arguments as the candidate knows them."""
        arguments = {}
        for parameter in CALLS[call]:
            if parameter == "websocket":
                arguments[parameter] = self.peer(args).socket
                continue
            value = args.get(parameter)
            if parameter in ("message", "update"):
                value = self.decode(value)
            elif parameter == "connection_id":
                value = self.connection(value)
            arguments[parameter] = value
        value = await self.driver.call(call, arguments, args.get("node", 0))
        if call == "connect_user":
            return self.handle(value)
        if call == "find_user_connections" and not isinstance(value, (str, bytes, dict)) and value is not None:
            found = [self.handle(item) for item in value]
            return sorted(found, key=str) if isinstance(value, (set, frozenset)) else found
        if call == "get_stats":
            try:
                json.dumps(value, allow_nan=False)
            except (TypeError, ValueError, RecursionError) as error:
                raise ValueError("get_stats returned what is not JSON: %s" % error) from None
            return value
        return as_json(value)

    def handle(self, value):
        """An id as it stands in a reply; the very object is kept."""
        if value is None or isinstance(value, (bool, int, str)):
            return as_json(value)
        text = next((peer.name for peer in self.peers.values() if peer.socket is value), str(value))
        self.handles[text] = value
        return text

    def connection(self, text):
        """What an id stands for."""
        if not isinstance(text, str) or text in self.handles:
            return self.handles.get(text, text)
        sockets = [peer.socket for peer in self.peers.values()]
        if any(value is socket for value in self.handles.values() for socket in sockets):
            # Where sockets are the ids, an unknown one is a socket that the candidate has never seen.
            stranger = Peer(text, "closed", lambda event: None)
            return self.driver.new_socket(stranger)
        return text

    def peer(self, args):
        name = args.get("socket")
        peer = self.peers.get(name) if isinstance(name, str) else None
        if peer is None:
            raise Invalid("no such socket: %r" % (name,))
        return peer

    async def hello(self, args):
        if args.get("protocol") != PROTOCOL:
            raise Invalid("this driver speaks %s" % PROTOCOL)
        await finished(self.driver.start())
        return {
            "protocol": PROTOCOL,
            "name": self.driver.name,
            "level": self.driver.level,
            "capabilities": self.driver.capabilities(),
        }

    async def reset(self, args):
        await finished(self.driver.reset(args.get("limits") or {}, args.get("nodes") or 1))
        return None

    def socket_new(self, args):
        name = args["socket"]
        peer = Peer(name, args.get("mode", "ok"), self.wire.write)
        peer.socket = self.driver.new_socket(peer)
        self.peers[name] = peer

    def socket_mode(self, args):
        self.peer(args).change_mode(args["mode"])

    def socket_pong(self, args):
        peer = self.peer(args)
        peer.answer_ping()
        on_pong = getattr(self.driver, "pong", None)
        return on_pong(peer.socket, peer.last_ping) if callable(on_pong) else None

    def message_new(self, args):
        self.messages[args["name"]] = self.decode(args["value"])

    def message_set(self, args):
        message = self.messages[args["name"]]
        if not isinstance(message, (dict, list)):
            raise Invalid("%s holds nothing to change" % args["name"])
        message[args["key"]] = self.decode(args["value"])

    async def settle(self, args):
        await self.loop.quiet(SETTLE_WITHIN, moves=False)

    async def advance(self, args):
        if not self.loop.clock.is_virtual:
            raise Unsupported("advance was not announced")
        await self.loop.quiet(args["ms"] / 1000, moves=True)

    async def endpoint(self, args):
        make = getattr(self.driver, "endpoint", None)
        if not callable(make):
            raise Unsupported("endpoint was not announced")
        return await finished(make(args["user_id"], args.get("thread_id"), args.get("claims")))

    async def backplane(self, args):
        change = getattr(self.driver, "backplane", None)
        if not callable(change):
            raise Unsupported("backplane was not announced")
        await finished(change(args["state"]))

    async def cancel(self, request):
        target = request.get("args", {}).get("request")
        task = self.running.get(target) if isinstance(target, int) else None
        if task is None and not (isinstance(target, int) and target in self.begun):
            self.refuse(request["id"], "invalid", "no call %r runs" % (target,))
            return
        if task is not None:
            self.given_up.add(target)
            task.cancel()
            await self.loop.quiet(0, moves=False)
        self.wire.write({"id": request["id"], "ok": {"value": None}})

    def end(self):
        """Everything of this session stops."""
        for peer in self.peers.values():
            peer.emit = lambda event: None
        self.given_up.update(self.running)
        left = list(self.running)
        async def stop():
            self.loop.is_awaited = True
            try:
                await finished(self.driver.close())
            except Exception as error:
                complain("close: %s" % describe(error))
            this = asyncio.current_task()
            # What is cancelled may begin something else.
            for _ in range(3):
                tasks = [task for task in asyncio.all_tasks() if task is not this]
                if not tasks:
                    break
                for task in tasks:
                    task.cancel()
                await self.loop.quiet(0, moves=False)

        self.loop.run_until_complete(stop())
        for request_id in left:
            if request_id in self.running:
                self.refuse(request_id, "cancelled", "given up")
        self.wire.attach(None)
        self.loop.close()

    def decode(self, value):
        """A value of the harness as Python has it."""
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$" not in value:
            return {key: self.decode(item) for key, item in value.items()}
        kind = value["$"]
        make = VALUES.get(kind) if isinstance(kind, str) else None
        if make is None:
            raise Unsupported("no such value: %r" % (kind,))
        try:
            return make(self, value)
        except (KeyError, ValueError) as error:
            raise Invalid("a %s is made of something else: %s" % (kind, error)) from None


OPERATIONS = {
    "hello": Session.hello,
    "reset": Session.reset,
    "socket.new": Session.socket_new,
    "socket.mode": Session.socket_mode,
    "socket.pong": Session.socket_pong,
    "message.new": Session.message_new,
    "message.set": Session.message_set,
    "settle": Session.settle,
    "advance": Session.advance,
    "endpoint": Session.endpoint,
    "backplane": Session.backplane,
}


# ---------------------------------------------------------------------------------------------------------------- values


class Opaque:
    """Has no JSON."""


def _map(session, value):
    try:
        made = {session.decode(key): session.decode(item) for key, item in value["value"]}
    except TypeError as error:
        raise Unsupported("a dict cannot hold such a key: %s" % error) from None
    if len(made) < len(value["value"]):
        # `1 == True`
        raise Unsupported("a dict cannot hold keys that are equal")
    return made


def _nested(session, value):
    nested = []
    for _ in range(value["levels"] - 1):
        nested = [nested]
    return nested


def _cycle(session, value):
    cycle = {"type": "cycle"}
    cycle["itself"] = cycle
    return cycle


def _enum(session, value):
    return enum.Enum("Kind", {"MEMBER": value["value"]}).MEMBER


def _utf16(session, value):
    units = b"".join(unit.to_bytes(2, "little") for unit in value["value"])
    return units.decode("utf-16-le", "surrogatepass")


def _datetime(session, value):
    # Python 3.9 does not read `Z`.
    return _real_datetime.fromisoformat(value["value"].replace("Z", "+00:00"))


VALUES = {
    "float": lambda session, value: float(value["value"]),
    "int": lambda session, value: int(value["value"]),
    "bytes": lambda session, value: base64.b64decode(value["value"]),
    "datetime": _datetime,
    "enum": _enum,
    "utf16": _utf16,
    "map": _map,
    "repeat": lambda session, value: value["text"] * value["times"],
    "nested": _nested,
    "cycle": _cycle,
    "opaque": lambda session, value: Opaque(),
    "ref": lambda session, value: session.messages[value["name"]],
}


def as_json(value):
    """A value that is returned; what JSON cannot hold is told as Python writes it."""
    try:
        json.dumps(value, allow_nan=False)
        return value
    except (TypeError, ValueError, RecursionError):
        return repr(value)[:1000]


def describe(error):
    """An error on one line."""
    try:
        text = str(error)
    except Exception:
        text = ""
    return "%s: %s" % (type(error).__name__, text[:2000]) if text else type(error).__name__


def complain(text):
    sys.stderr.write(text.replace("\n", " ") + "\n")
    sys.stderr.flush()


# ------------------------------------------------------------------------------------------------------------------ wire


class Wire:
    """The lines from and to the harness. What a candidate prints goes to standard error."""

    def __init__(self):
        sys.stdout.flush()
        self.output = os.dup(1)
        self.input = os.dup(0)
        os.dup2(2, 1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        sys.stdout = sys.stderr
        self.lock = threading.Lock()
        self.lines = collections.deque()
        self.loop = None
        self.waiter = None
        threading.Thread(target=self._read, daemon=True).start()

    def attach(self, loop):
        """Lines wake this loop from now on."""
        self.loop = loop
        self.waiter = None

    async def next_line(self):
        """The next line; None at the end of input."""
        while not self.lines:
            self.waiter = self.loop.create_future()
            if not self.lines:
                await self.waiter
        return self.lines.popleft()

    def write(self, line):
        body = json.dumps(line, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"
        with self.lock:
            view = memoryview(body)
            while view:
                try:
                    view = view[os.write(self.output, view) :]
                except BrokenPipeError:
                    os._exit(0)

    def _read(self):
        with os.fdopen(self.input, "rb") as stream:
            for line in stream:
                if line.strip():
                    self._take(line)
        self._take(None)
        _real_sleep(LAST_BREATH)
        os._exit(0)

    def _take(self, line):
        self.lines.append(line)
        loop = self.loop
        try:
            if loop is not None:
                loop.call_soon_threadsafe(self._wake)
        except RuntimeError:
            pass  # closed meanwhile: the next loop looks for itself

    def _wake(self):
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)


# ------------------------------------------------------------------------------------------------------------------ time


class Clock:
    """The candidate's time."""

    def __init__(self, is_virtual):
        self.is_virtual = is_virtual
        self.now = 1000.0
        self.epoch = _real_time() - self.now

    def read(self):
        """What a clock shows; no two looks see the same."""
        self.now += 1e-6
        return self.now

    def sleep(self, seconds):
        _real_sleep(seconds)
        self.now += seconds

    def install(self):
        if not self.is_virtual:
            return
        time.monotonic = time.perf_counter = self.read
        time.monotonic_ns = time.perf_counter_ns = lambda: int(self.read() * 1e9)
        time.time = lambda: self.epoch + self.read()
        time.time_ns = lambda: int((self.epoch + self.read()) * 1e9)
        time.sleep = self.sleep


class _AnyDatetime(type):
    def __instancecheck__(cls, value):
        return isinstance(value, _real_datetime)

    def __subclasscheck__(cls, kind):
        return issubclass(kind, _real_datetime)


class Datetime(_real_datetime, metaclass=_AnyDatetime):
    """`datetime.datetime` by the candidate's time; what it makes are real ones."""

    def __new__(cls, *args, **kwargs):
        return _real_datetime(*args, **kwargs)

    @classmethod
    def now(cls, tz=None):
        return _real_datetime.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls):
        return _real_datetime.fromtimestamp(time.time(), datetime.timezone.utc).replace(tzinfo=None)

    @classmethod
    def today(cls):
        return cls.now()


def with_our_time(module):
    """Lets a module of the candidate see its own time through `datetime`."""
    for name, value in list(vars(module).items()):
        if value is _real_datetime:
            setattr(module, name, Datetime)
        elif value is datetime:
            ours = types.ModuleType("datetime")
            ours.__dict__.update(vars(datetime), datetime=Datetime)
            setattr(module, name, ours)


class Selector(selectors.DefaultSelector):
    """Tells its loop when nothing is ready."""

    loop = None

    def select(self, timeout=None):
        loop = self.loop
        if timeout is not None and timeout <= 0:
            loop.count_round()
            return super().select(0)
        return super().select(0) or loop.idle(timeout, super().select)


class Loop(asyncio.SelectorEventLoop):
    """An event loop that knows when it is quiet, and whose time is the candidate's."""

    def __init__(self, clock):
        self.clock = clock
        self.is_awaited = False
        self.outstanding = 0
        self.last_request = _real_monotonic()
        self.jobs = 0
        self.goal = None
        self.rounds = 0
        selector = Selector()
        selector.loop = self
        super().__init__(selector)
        self.executor = concurrent.futures.ThreadPoolExecutor(thread_name_prefix="candidate")
        self.set_default_executor(self.executor)

    def time(self):
        return self.clock.now if self.clock.is_virtual else _real_monotonic()

    def run_in_executor(self, executor, func, *args):
        future = super().run_in_executor(executor, func, *args)
        self.jobs += 1
        future.add_done_callback(self._job_done)
        return future

    def _job_done(self, future):
        self.jobs -= 1

    def close(self):
        self.executor.shutdown(wait=False, cancel_futures=True)
        super().close()

    async def quiet(self, seconds, moves):
        """Waits until nothing is ready; timers within so many seconds fire. With `moves` time goes on by all of them."""
        while self.goal is not None:
            await asyncio.wait({self.goal[0]})
        reached = self.create_future()
        self.goal = (reached, self.clock.now + seconds, moves, _real_monotonic() + MAX_WAIT_FOR_JOBS)
        self.rounds = 0
        try:
            await reached
        finally:
            self.goal = None

    def count_round(self):
        """One more time something was ready. What never comes to rest is at rest after many."""
        self.rounds += 1
        if self.goal is not None and self.rounds > MAX_ROUNDS:
            self._reach()

    def _reach(self):
        reached, until, moves, _ = self.goal
        if moves:
            self.clock.now = max(self.clock.now, until)
        if not reached.done():
            reached.set_result(None)

    def idle(self, timeout, wait):
        """Nothing is ready, and the next timer is due in `timeout` seconds: what to do until then."""
        if self.goal is not None:
            return self._approach(timeout, wait)
        if not self.clock.is_virtual:
            return wait(timeout)
        if timeout is None:
            return wait(None)
        if not self.is_awaited:
            if not self.outstanding:
                return wait(None)
            # While the harness still speaks, time does not slip in between.
            silent_for = _real_monotonic() - self.last_request
            if silent_for < SILENCE:
                return wait(SILENCE - silent_for)
        began = _real_monotonic()
        events = wait(timeout)
        self.clock.now += min(_real_monotonic() - began, timeout)
        return events

    def _approach(self, timeout, wait):
        _, until, _, patience = self.goal
        if self.jobs and _real_monotonic() < patience:
            return wait(0.01)
        if not self.clock.is_virtual:
            events = wait(0.02)
            if not events:
                self._reach()
            return events
        if timeout is not None and self.clock.now + timeout <= until + 1e-9:
            self.clock.now += timeout
        else:
            self._reach()
        return []


# --------------------------------------------------------------------------------------------------------------- sockets


class Peer:
    """The other end of a socket: what it takes, and in which mode it is."""

    def __init__(self, name, mode, emit):
        self.name = name
        self.emit = emit
        self.socket = None
        self.mode = None
        self.is_closed = False
        # A write has failed: whoever reads finds out as well.
        self.is_lost = False
        self.last_ping = None
        self.pongs = []
        self.writers = collections.deque()
        self.when_gone = []
        self.change_mode(mode)

    @property
    def is_gone(self):
        return self.is_closed or self.is_lost or self.mode == "closed"

    def on_gone(self, tell):
        """Calls `tell` when the peer has left, or was told to."""
        if self.is_gone:
            tell()
        else:
            self.when_gone.append(tell)

    def change_mode(self, mode):
        if mode not in ("ok", "hang", "fail", "closed"):
            raise Invalid("no such mode: %r" % (mode,))
        self.mode = mode
        if mode == "closed":
            self._gone()
        self._next_writer()

    def _gone(self):
        for tell in self.when_gone:
            tell()
        self.when_gone = []

    def _next_writer(self):
        if self.mode != "hang" and self.writers and not self.writers[0].done():
            self.writers[0].set_result(None)

    async def _turn(self, broken, closed):
        """Waits while the peer takes nothing, in the order of the writes; then raises what the mode demands."""
        loop = asyncio.get_running_loop()
        turn = None
        while self.mode == "hang" or (self.writers and turn is None):
            # A writer that was woken, and finds the peer hanging again, keeps its place.
            queue = self.writers.append if turn is None else self.writers.appendleft
            turn = loop.create_future()
            queue(turn)
            try:
                await turn
            finally:
                self.writers.remove(turn)
                loop.call_soon(self._next_writer)
        if self.is_gone:
            raise closed()
        if self.mode == "fail":
            self.is_lost = True
            self._gone()
            raise broken()

    async def write(self, data, broken, closed):
        """One message, text or bytes."""
        if isinstance(data, str):
            # A lone surrogate has no UTF-8: every server raises here.
            data.encode("utf-8")
            event = {"event": "send", "socket": self.name, "message": data}
        elif isinstance(data, (bytes, bytearray, memoryview)):
            event = {"event": "send", "socket": self.name, "bytes": base64.b64encode(bytes(data)).decode("ascii")}
        else:
            raise TypeError("a frame holds text or bytes, no %s" % type(data).__name__)
        await self._turn(broken, closed)
        self.emit(event)

    async def close(self, code, broken, closed):
        await self._turn(broken, closed)
        self.is_closed = True
        self.emit({"event": "close", "socket": self.name, "code": int(code)})
        self._gone()

    async def ping(self, data, broken, closed):
        """A ping; returned is what waits for the pong."""
        await self._turn(broken, closed)
        self.last_ping = data
        pong = asyncio.get_running_loop().create_future()
        self.pongs.append(pong)
        self.emit({"event": "ping", "socket": self.name})
        return pong

    def answer_ping(self):
        pongs, self.pongs = self.pongs, []
        for pong in pongs:
            if not pong.done():
                pong.set_result(0.0)

    def abort(self):
        if not self.is_closed:
            self.is_closed = True
            self.emit({"event": "abort", "socket": self.name})
            self._gone()
        if self.mode == "hang":
            self.change_mode("closed")

    async def gone(self):
        """Returns when the peer has left."""
        left = asyncio.get_running_loop().create_future()
        self.on_gone(lambda: left.done() or left.set_result(None))
        await left


class Transport:
    """What lies below a socket, as far as managers ask for it."""

    def __init__(self, peer):
        self._peer = peer

    def abort(self):
        self._peer.abort()

    close = abort

    def is_closing(self):
        return self._peer.is_closed

    def get_write_buffer_size(self):
        return 0

    def get_extra_info(self, name, default=None):
        return ("192.0.2.1", 40000) if name == "peername" else default


class State(enum.IntEnum):
    """Of a connection, as in `websockets.protocol`."""

    CONNECTING, OPEN, CLOSING, CLOSED = range(4)


class LibrarySocket:
    """A connection as the `websockets` library has it."""

    def __init__(self, peer):
        self._peer = peer
        self.id = uuid.uuid4()
        self.transport = Transport(peer)
        self.remote_address = ("192.0.2.1", 40000)
        self.local_address = ("192.0.2.2", 443)
        self.path = "/ws"
        self.request = types.SimpleNamespace(path="/ws", headers={})
        self.request_headers = {}
        self.subprotocol = None
        self.latency = 0.0
        self.close_code = None
        self.close_reason = None

    @property
    def state(self):
        kind = getattr(sys.modules.get("websockets.protocol"), "State", State)
        return kind.CLOSED if self.closed else kind.OPEN

    @property
    def closed(self):
        return self._peer.is_gone

    @property
    def open(self):
        return not self.closed

    def _broken(self):
        exceptions = sys.modules.get("websockets.exceptions")
        return exceptions.ConnectionClosedError(None, None) if exceptions else BrokenPipeError(32, "Broken pipe")

    def _closed(self):
        if self._peer.is_lost:
            return self._broken()
        exceptions = sys.modules.get("websockets.exceptions")
        frames = sys.modules.get("websockets.frames")
        if exceptions and frames:
            close = frames.Close(1000, "")
            return exceptions.ConnectionClosedOK(close, close, True)
        return ConnectionResetError(104, "Connection reset by peer")

    async def send(self, message, text=None):
        if isinstance(message, dict):
            raise TypeError("data is a dict-like object")
        if not isinstance(message, (str, bytes, bytearray, memoryview)):
            parts = list(message)
            message = (b"" if parts and not isinstance(parts[0], str) else "").join(parts)
        await self._peer.write(message, self._broken, self._closed)

    async def recv(self, decode=None):
        await self._peer.gone()
        raise self._closed()

    async def ping(self, data=b""):
        return await self._peer.ping(data, self._broken, self._closed)

    async def pong(self, data=b""):
        await self._peer._turn(self._broken, self._closed)

    async def close(self, code=1000, reason=""):
        # Closing twice, or what is gone, is no error there.
        if self.closed:
            return
        try:
            await self._peer.close(code, self._broken, self._closed)
        except (OSError, type(self._broken()), type(self._closed())):
            return
        self.close_code, self.close_reason = code, reason

    async def wait_closed(self):
        await self._peer.gone()

    def fail_connection(self, code=1006, reason=""):
        self._peer.abort()

    def __aiter__(self):
        return self

    async def __anext__(self):
        await self._peer.gone()
        raise StopAsyncIteration


class WebSocketState(enum.Enum):
    """Of a connection, as in `starlette.websockets`."""

    CONNECTING, CONNECTED, DISCONNECTED, RESPONSE = range(4)


class EitherSocket(LibrarySocket):
    """A connection for candidates that import no library: it has what Starlette's has, too."""

    def __init__(self, peer):
        super().__init__(peer)
        self.client_state = self.application_state = WebSocketState.CONNECTED
        self.client = types.SimpleNamespace(host="192.0.2.1", port=40000)
        self.headers = {}
        self.query_params = {}
        self.path_params = {}
        self.cookies = {}
        self.scope = {"type": "websocket", "path": "/ws", "headers": []}
        self.url = types.SimpleNamespace(path="/ws")
        self.app = None
        peer.on_gone(self._show_gone)

    def _show_gone(self):
        self.client_state = WebSocketState.DISCONNECTED
        if self._peer.is_closed:
            self.application_state = WebSocketState.DISCONNECTED

    async def accept(self, subprotocol=None, headers=None):
        """Was done before."""

    async def send(self, message, text=None):
        if isinstance(message, dict) and str(message.get("type")).startswith("websocket."):
            return await asgi_send(self._peer, message, self._broken, self._closed)
        return await super().send(message, text)

    async def send_text(self, data):
        await self._peer.write(data, self._broken, self._closed)

    async def send_bytes(self, data):
        await self._peer.write(data, self._broken, self._closed)

    async def send_json(self, data, mode="text"):
        text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
        await self._peer.write(text if mode == "text" else text.encode("utf-8"), self._broken, self._closed)

    async def receive(self):
        await self._peer.gone()
        return {"type": "websocket.disconnect", "code": 1000}

    async def receive_text(self):
        return await self.recv()

    receive_bytes = receive_text

    async def receive_json(self, mode="text"):
        return await self.recv()

    async def iter_text(self):
        await self._peer.gone()
        return
        yield ""

    iter_bytes = iter_json = iter_text


async def asgi_send(peer, message, broken, closed):
    """An event of ASGI, as a server takes it."""
    kind = message.get("type")
    if kind == "websocket.send":
        data = message.get("bytes")
        await peer.write(message.get("text") if data is None else data, broken, closed)
    elif kind == "websocket.close":
        await peer.close(message.get("code", 1000), broken, closed)


def starlette_socket(peer, module):
    """Starlette's own class, over a server that does what uvicorn does.

    A write to a peer that is gone is an OSError, of which Starlette makes a WebSocketDisconnect. Once the close was read,
    uvicorn raises the same over `wsproto` and a RuntimeError over `websockets` as it was for long: `fail` is the one,
    `closed` the other.
    """
    broken = lambda: BrokenPipeError(32, "Broken pipe")
    closed = lambda: RuntimeError(
        "Unexpected ASGI message 'websocket.send', after sending 'websocket.close' or response already completed."
    )

    async def receive():
        await peer.gone()
        return {"type": "websocket.disconnect", "code": 1000}

    async def send(message):
        await asgi_send(peer, message, broken, closed)

    class WebSocket(module.WebSocket):
        _is_taken = False

        async def accept(self, *args, **kwargs):
            # It was accepted before the manager got it. A manager that does so itself may, once.
            if self._is_taken:
                await super().accept(*args, **kwargs)
            self._is_taken = True

    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "scheme": "wss",
        "http_version": "1.1",
        "path": "/ws",
        "raw_path": b"/ws",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"example.org")],
        "client": ("192.0.2.1", 40000),
        "server": ("example.org", 443),
        "subprotocols": [],
        "state": {},
    }
    socket = WebSocket(scope, receive, send)
    socket.client_state = socket.application_state = module.WebSocketState.CONNECTED

    def show_gone():
        socket.client_state = module.WebSocketState.DISCONNECTED

    peer.on_gone(show_gone)
    return socket


def socket_of(peer):
    """A socket of the library that the candidate has imported, or one that looks like either."""
    starlette = sys.modules.get("starlette.websockets")
    if starlette is not None:
        return starlette_socket(peer, starlette)
    if "websockets" in sys.modules:
        return LibrarySocket(peer)
    return EitherSocket(peer)


# -------------------------------------------------------------------------------------------------- any importable class


class Wrapped(Driver):
    """A class, function or object that can be imported, called under the names of a map."""

    def __init__(self, target, names, root):
        self.target = target
        self.names = names
        self.root = os.path.realpath(root)
        self.name = target
        self.manager = None
        self.methods = {}
        self.socket_names = {}
        self.folders = [self.root]
        if self.root not in sys.path:
            sys.path.insert(0, self.root)

    def capabilities(self):
        return list(self.methods) + ["cancel", "clock"] + list(self.extras)

    async def start(self):
        await self.make()
        missing = [
            "%s (%s)" % (call, spec.get("method", call))
            for call, spec in self.names.get("calls", {}).items()
            if not spec.get("absent") and call not in self.methods
        ]
        if missing:
            raise Unloadable("%s has not what the map names: %s" % (self.target, ", ".join(missing)))

    async def reset(self, limits, nodes):
        await self.make()

    def new_socket(self, peer):
        socket = socket_of(peer)
        self.socket_names[id(socket)] = peer.name
        return socket

    async def make(self):
        self.manager = None
        self.socket_names = {}
        self.methods = {}
        self.forget()
        self.manager = await self.construct()
        calls = self.names.get("calls", {})
        for call in CALLS:
            spec = calls.get(call, {})
            method = None if spec.get("absent") else attribute(self.manager, spec.get("method", call))
            if callable(method):
                self.methods[call] = method

    def own_modules(self):
        """Modules that belong to the candidate."""
        top = self.target.partition(":")[0].partition(".")[0]
        for name, module in list(sys.modules.items()):
            if name in ("__main__", "ssot_driver") or module is None:
                continue
            file = getattr(module, "__file__", None) or ""
            is_below = any(file.startswith(folder + os.sep) for folder in self.folders)
            is_installed = "site-packages" in file or file.startswith((sys.prefix + os.sep, sys.base_prefix + os.sep))
            if name.partition(".")[0] == top or (is_below and not is_installed):
                yield name, module

    def forget(self):
        for name, _ in list(self.own_modules()):
            del sys.modules[name]
        importlib.invalidate_caches()

    async def construct(self):
        wanted = self.names.get("factory") or self.target
        made_from = self.load(wanted)
        how = self.names.get("construct", "new")
        if how == "attribute" or isinstance(made_from, types.ModuleType):
            return made_from
        arguments = self.names.get("arguments", {})
        try:
            return await finished(made_from(**arguments))
        except Exception as error:
            raise Unloadable(
                "%s(%s) raised %s" % (wanted, ", ".join(arguments), describe(error))
            ) from error

    def load(self, target):
        """What a target names."""
        where, _, path = target.rpartition(":") if ":" in target else (target, "", "")
        module = where if not where.endswith(".py") else self.module_of(where)
        try:
            found = importlib.import_module(module)
        except BaseException as error:
            raise Unloadable("cannot import %s: %s" % (where, describe(error))) from error
        for _, own in self.own_modules():
            with_our_time(own)
        for part in filter(None, path.split(".")):
            if not hasattr(found, part):
                raise Unloadable("%s has no %s" % (where, path))
            found = getattr(found, part)
        return found

    def module_of(self, file):
        """The dotted name of a file; the folder above its packages can be imported from."""
        path = os.path.realpath(os.path.join(self.root, file))
        if not os.path.isfile(path):
            raise Unloadable("no such file: %s" % file)
        folder, name = os.path.split(path[: -len(".py")])
        parts = [] if name == "__init__" else [name]
        while os.path.isfile(os.path.join(folder, "__init__.py")):
            folder, name = os.path.split(folder)
            parts.insert(0, name)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        if folder not in self.folders:
            self.folders.append(folder)
        return ".".join(parts)

    async def call(self, call, arguments, node):
        method = self.methods.get(call)
        if method is None:
            raise Unsupported("%s was not announced" % call)
        if "websocket" in arguments:
            arguments["socket"] = self.socket_names.get(id(arguments["websocket"]))
        if "within_ms" in arguments:
            arguments["within_seconds"] = (arguments["within_ms"] or 0) / 1000
        spec = self.names.get("calls", {}).get(call, {})
        if "arguments" in spec or "keywords" in spec:
            positional = [argument(item, arguments) for item in spec.get("arguments", [])]
            keywords = {name: argument(item, arguments) for name, item in spec.get("keywords", {}).items()}
        else:
            positional, keywords = by_signature(call, method, arguments)
        value = await finished(method(*positional, **keywords))
        returns = spec.get("returns", "value")
        if returns == "value":
            return value
        if returns == "nothing":
            return None
        return True if returns == "true" else argument(returns, arguments)


def by_signature(call, method, arguments):
    """The protocol's order; what a caller may leave out is left out where the candidate does not take it."""
    positional = [arguments[parameter] for parameter in CALLS[call]]
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):
        return positional, {}
    if call == "shutdown":
        # Another name may mean another unit.
        return [], {name: arguments[name] for name in ("within_ms", "within_seconds") if name in signature.parameters}
    while positional and positional[-1] in (None, []):
        try:
            signature.bind(*positional)
            break
        except TypeError:
            positional.pop()
    return positional, {}


def attribute(owner, path):
    """What stands under a name, dotted or not."""
    for part in path.split("."):
        owner = getattr(owner, part, None)
    return owner


def argument(item, arguments):
    """A value for the candidate: a parameter of the protocol, `socket` (its name, for callers that make up ids),
    `within_seconds`, `{"value": …}`, or `{"json": parameter}` as text."""
    if isinstance(item, dict):
        return json.dumps(arguments[item["json"]]) if "json" in item else item["value"]
    if item not in arguments:
        raise Invalid("the map names %r, which is no parameter here" % (item,))
    return arguments[item]


def main():
    # Whoever imports `ssot_driver` while this runs means this module.
    sys.modules.setdefault("ssot_driver", sys.modules["__main__"])
    parser = argparse.ArgumentParser(description="Drives a WebSocket manager for `ssot conform run`.")
    parser.add_argument("target", help="pkg.mod:Class or path/to/file.py:Class")
    parser.add_argument("--map-json", default="{}", help="names, orders and constructors that differ from the protocol")
    parser.add_argument("--root", default=".", help="the folder that is imported from")
    options = parser.parse_args()
    warnings.simplefilter("default", RuntimeWarning)
    serve(Wrapped(options.target, json.loads(options.map_json), options.root))


if __name__ == "__main__":
    main()
