/**
 * Drives a WebSocket manager written for Node 20 or later for `ssot conform run`.
 *
 * As a program it wraps a class, function or object, `./file.mjs#Class` or `./file.mjs` for the default export; the calls may
 * be named `connect_user` or `connectUser`. As a library it is the loop of a driver of your own:
 *
 *     const { Driver, serve } = await import(`${process.env.SSOT_DRIVERS}/ssot_driver.mjs`);
 *     class Mine extends Driver {
 *       name = "mine 1.2";
 *       manager = Rooms.prototype;
 *       async reset(limits, nodes) { this.manager = new Rooms(this.server); }
 *       connect_user(userId, socket, threadId) { return this.manager.join(userId, socket); }
 *     }
 *     serve(new Mine());
 *
 * What the driver or its manager has methods for is announced, and what `extras` says; nothing else. The socket is one of
 * `ws`: what it cannot send waits in its buffer, and `send` returns at once.
 *
 * Each `reset` imports the candidate's modules anew, but not those of packages. An error that nobody catches ends the process,
 * as Node does.
 *
 * At L1 time stands still unless the harness says `advance`, with these exceptions: while a call runs that needs time to end,
 * time goes on as it does outside; `settle` lets timers fire that are due within 50 ms. This holds for timers, `Date`,
 * `performance.now` and `process.hrtime`, and not for workers, `AbortSignal.timeout`, and timeouts of Node's own sockets.
 */
import { EventEmitter } from "node:events";
import fs from "node:fs";
import module from "node:module";
import path from "node:path";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import { pathToFileURL } from "node:url";
import util from "node:util";

const PROTOCOL = "ssot-conform/1";

/** The manager's calls and their parameters, in the order of the protocol. */
const CALLS = {
  connect_user: ["user_id", "websocket", "thread_id"],
  disconnect_user: ["user_id", "websocket"],
  send_to_user: ["user_id", "message"],
  send_to_thread: ["thread_id", "message"],
  send_agent_update: ["run_id", "agent_name", "update"],
  check_connection_health: ["connection_id"],
  get_stats: [],
  send_to_connection: ["connection_id", "message"],
  broadcast: ["message", "exclude_users"],
  find_user_connections: ["user_id"],
  bind_run: ["run_id", "thread_id"],
  shutdown: ["within_ms"],
};

const SETTLE_WITHIN_MS = 50;
const SILENCE_MS = 100;
const QUIET_ROUNDS = 8;
const MAX_ROUNDS = 20_000;
const MAX_WAIT_FOR_IO_MS = 1_000;
const CLOSE_TIMEOUT_MS = 30_000;
const LAST_BREATH_MS = 500;

const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setImmediate: globalThis.setImmediate,
  Date: globalThis.Date,
  now: performance.now.bind(performance),
};

class Refusal extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

const invalid = (message) => new Refusal("invalid", message);
const unsupported = (message) => new Refusal("unsupported", message);
/** A candidate that cannot be had. */
const unloadable = (message) => new Refusal("raised", message);

// ------------------------------------------------------------------------------------------------------------------- driver

/** What stands between the loop and a candidate: methods named as the manager's calls, with their parameters in order. */
export class Driver {
  name = "driver";
  level = "L1";
  /** Capabilities beside the calls and `clock`. A promise cannot be given up, so there is no `cancel`. */
  extras = [];
  /** Whether time stands still between requests. With real sockets it does not. */
  virtualTime = true;
  /** What has the calls that the driver has no methods for; before the first `reset`, its prototype. */
  manager = null;

  capabilities() {
    // With real clients nobody hands over a socket.
    const possible = Object.keys(CALLS).filter((call) => this.level === "L1" || !CALLS[call].includes("websocket"));
    const calls = possible.filter((call) => this.method(call) !== undefined);
    return [...calls, ...(this.virtualTime && this.level === "L1" ? ["clock"] : []), ...this.extras];
  }

  /** Before `hello` is answered; what is thrown here is told to the harness. */
  async start() {}

  /** Makes a fresh manager. */
  async reset(limits, nodes) {}

  /** Lets go of servers and the like, before each `reset` and at the end. */
  async close() {}

  /** The socket of a peer, as the candidate expects it. */
  newSocket(peer) {
    return new WebSocket(peer);
  }

  /** One call of the manager; `node` tells which of several. */
  async call(call, values, node) {
    const method = this.method(call);
    if (method === undefined) throw unsupported(`${call} was not announced`);
    return await method(...CALLS[call].map((parameter) => values[parameter]));
  }

  method(call) {
    return member(this, call) ?? member(this.manager, call) ?? member(this.manager, camel(call));
  }
}

/** Answers requests from standard input until `stop` or its end. */
export function serve(driver) {
  return new Session(driver).run();
}

class Session {
  constructor(driver) {
    this.driver = driver;
    this.peers = new Map();
    this.messages = new Map();
    /** Ids that JSON cannot hold, under the text that stands for them. */
    this.handles = new Map();
    this.running = new Map();
    this.lastEvent = 0;
    this.clock = new Clock(driver.virtualTime && driver.level === "L1");
  }

  async run() {
    takeOverOutput();
    this.clock.install();
    for await (const line of lines()) {
      const request = this.read(line);
      if (request === null) continue;
      this.clock.heard();
      if (request.op === "stop") {
        await this.end();
        this.write({ id: request.id, ok: { value: null } });
        break;
      }
      if (request.op === "cancel") {
        this.write({ id: request.id, error: { kind: "unsupported", message: "a promise cannot be cancelled" } });
        continue;
      }
      const answer = this.answer(request);
      if (request.wait ?? true) {
        this.clock.awaited(true);
        await answer;
        this.clock.awaited(false);
      }
    }
    process.exit(0);
  }

  read(line) {
    let request;
    try {
      request = JSON.parse(line);
    } catch {
      request = null;
    }
    if (request === null || typeof request !== "object" || !Number.isInteger(request.id)) {
      complain(`not a request: ${line.slice(0, 200)}`);
      return null;
    }
    const args = request.args ?? {};
    if (typeof request.op !== "string" || typeof args !== "object" || Array.isArray(args)) {
      this.write({ id: request.id, error: { kind: "invalid", message: "a request has an op and args" } });
      return null;
    }
    return { ...request, args };
  }

  write(line) {
    const body = Buffer.from(JSON.stringify(line) + "\n");
    let from = 0;
    while (from < body.length) {
      try {
        from += fs.writeSync(1, body, from);
      } catch (error) {
        if (error.code === "EPIPE") process.exit(0);
        if (error.code !== "EAGAIN") throw error;
      }
    }
  }

  emit(event) {
    this.lastEvent += 1;
    this.write(event);
  }

  async answer(request) {
    const { id, op, args } = request;
    const reply = (line) => {
      if (this.running.delete(id)) this.write({ id, ...line });
      this.clock.outstanding = this.running.size;
    };
    this.running.set(id, reply);
    this.clock.outstanding = this.running.size;
    try {
      const value = await this.perform(op, args, id);
      reply({ ok: { value: value ?? null } });
    } catch (error) {
      const kind = error instanceof Refusal ? error.kind : "raised";
      const message = error instanceof Refusal ? error.message : describe(error);
      if (error instanceof Refusal && kind === "raised") complain(message);
      reply({ error: { kind, message } });
    }
  }

  async perform(op, args, id) {
    if (Object.hasOwn(CALLS, op)) return await this.call(op, args);
    const operation = Object.hasOwn(OPERATIONS, op) ? OPERATIONS[op] : undefined;
    if (operation === undefined) throw unsupported(`no such operation: ${op}`);
    return await operation.call(this, args, id);
  }

  /** A call of the manager, its arguments as the candidate knows them. */
  async call(call, args) {
    const values = {};
    for (const parameter of CALLS[call]) {
      const value = args[parameter] ?? null;
      if (parameter === "websocket") values[parameter] = this.peer(args).socket;
      else if (parameter === "message" || parameter === "update") values[parameter] = this.decode(value);
      else if (parameter === "connection_id") values[parameter] = this.connection(value);
      else values[parameter] = value;
    }
    const value = await this.driver.call(call, values, args.node ?? 0);
    if (call === "connect_user") return this.handle(value);
    if (call === "find_user_connections" && typeof value?.[Symbol.iterator] === "function" && typeof value !== "string") {
      return [...value].map((item) => this.handle(item));
    }
    if (call === "get_stats") return stats(value);
    return asJson(value);
  }

  /** An id as it stands in a reply; the very object is kept. */
  handle(value) {
    if (value === null || value === undefined || ["string", "number", "boolean"].includes(typeof value)) return asJson(value);
    const peer = [...this.peers.values()].find((one) => one.socket === value);
    let text = peer?.name ?? (typeof value === "object" ? undefined : String(value));
    text ??= [...this.handles].find(([, kept]) => kept === value)?.[0] ?? `object ${this.handles.size + 1}`;
    this.handles.set(text, value);
    return text;
  }

  /** What an id stands for. */
  connection(text) {
    if (this.handles.has(text)) return this.handles.get(text);
    const sockets = [...this.peers.values()].map((peer) => peer.socket);
    if (![...this.handles.values()].some((value) => sockets.includes(value))) return text;
    // Where sockets are the ids, an unknown one is a socket that the candidate has never seen.
    return this.driver.newSocket(new Peer(String(text), "closed", () => {}));
  }

  peer(args) {
    const peer = this.peers.get(args.socket);
    if (peer === undefined) throw invalid(`no such socket: ${JSON.stringify(args.socket)}`);
    return peer;
  }

  /** Everything stops; what still runs, other than this request, is given up. */
  async end(except) {
    for (const [id, reply] of [...this.running]) {
      if (id !== except) reply({ error: { kind: "cancelled", message: "given up" } });
    }
    for (const peer of this.peers.values()) peer.emit = () => {};
    this.peers.clear();
    this.messages.clear();
    this.handles.clear();
    try {
      await this.driver.close();
    } catch (error) {
      complain(`close: ${describe(error)}`);
    }
  }

  /** Waits until nothing is ready; virtual timers within so many milliseconds fire. With `moves` time goes on by all of them. */
  async quiet(ms, moves) {
    const until = this.clock.now + ms;
    const patience = real.now() + MAX_WAIT_FOR_IO_MS;
    for (let rounds = 0; ; ) {
      let seen = this.lastEvent;
      for (let calm = 0; calm < QUIET_ROUNDS && rounds < MAX_ROUNDS; rounds += 1) {
        await new Promise((resolve) => real.setImmediate(resolve));
        const isBusy = this.lastEvent !== seen || (hasPendingIo() && real.now() < patience);
        calm = isBusy ? 0 : calm + 1;
        seen = this.lastEvent;
      }
      if (!this.clock.fireNext(until) || rounds >= MAX_ROUNDS) break;
    }
    if (moves) this.clock.now = Math.max(this.clock.now, until);
  }

  /** A value of the harness as JavaScript has it. */
  decode(value) {
    if (Array.isArray(value)) return value.map((item) => this.decode(item));
    if (value === null || typeof value !== "object") return value;
    if (!Object.hasOwn(value, "$")) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.decode(item)]));
    }
    const make = Object.hasOwn(VALUES, value.$) ? VALUES[value.$] : undefined;
    if (make === undefined) throw unsupported(`no such value: ${JSON.stringify(value.$)}`);
    return make.call(this, value);
  }
}

const OPERATIONS = {
  async hello(args) {
    if (args.protocol !== PROTOCOL) throw invalid(`this driver speaks ${PROTOCOL}`);
    await this.driver.start();
    const { name, level } = this.driver;
    return { protocol: PROTOCOL, name, level, capabilities: this.driver.capabilities() };
  },
  async reset(args, id) {
    await this.end(id);
    this.clock.forget();
    await this.driver.reset(args.limits ?? {}, args.nodes ?? 1);
  },
  "socket.new"({ socket: name, mode }) {
    if (typeof name !== "string") throw invalid("a socket has a name");
    const peer = new Peer(name, mode ?? "ok", (event) => this.emit(event));
    peer.socket = this.driver.newSocket(peer);
    this.peers.set(name, peer);
  },
  "socket.mode"(args) {
    this.peer(args).changeMode(args.mode);
  },
  "socket.pong"(args) {
    this.peer(args).answerPing();
  },
  "message.new"({ name, value }) {
    if (typeof name !== "string") throw invalid("a message has a name");
    this.messages.set(name, this.decode(value));
  },
  "message.set"({ name, key, value }) {
    const message = this.messages.get(name);
    if (message === null || typeof message !== "object") throw invalid(`${name} holds nothing to change`);
    message[key] = this.decode(value);
  },
  async settle() {
    await this.quiet(this.clock.isVirtual ? SETTLE_WITHIN_MS : 0, false);
    // What is on its way through the kernel takes a moment.
    if (!this.clock.isVirtual) await new Promise((resolve) => real.setTimeout(resolve, 20));
  },
  async advance({ ms }) {
    if (!this.clock.isVirtual) throw unsupported("advance was not announced");
    if (!(ms >= 0)) throw invalid("time goes on by ms");
    await this.quiet(ms, true);
  },
  async endpoint({ user_id, thread_id, claims }) {
    if (typeof this.driver.endpoint !== "function") throw unsupported("endpoint was not announced");
    return await this.driver.endpoint(user_id, thread_id ?? null, claims ?? null);
  },
  async backplane({ state }) {
    if (typeof this.driver.backplane !== "function") throw unsupported("backplane was not announced");
    await this.driver.backplane(state);
  },
};

/** Kinds of work that end by themselves: files, names, compression. */
function hasPendingIo() {
  const isWork = (kind) => /^(FS|GetAddrInfo|Zlib|Random|PBKDF|Scrypt|Hash)/.test(kind);
  return process.getActiveResourcesInfo().some(isWork);
}

// ------------------------------------------------------------------------------------------------------------------- values

/** Has no JSON. */
class Opaque {
  toJSON() {
    throw new TypeError("an Opaque has no JSON");
  }
}

const VALUES = {
  float: ({ value }) => ({ nan: NaN, inf: Infinity, "-inf": -Infinity })[value],
  int: ({ value }) => (Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value)),
  bytes: ({ value }) => Buffer.from(value, "base64"),
  datetime: ({ value }) => new real.Date(value),
  utf16: ({ value }) => String.fromCharCode(...value),
  map({ value }) {
    return new Map(value.map(([key, item]) => [this.decode(key), this.decode(item)]));
  },
  repeat: ({ text, times }) => text.repeat(times),
  nested({ levels }) {
    let nested = [];
    for (let level = 1; level < levels; level += 1) nested = [nested];
    return nested;
  },
  cycle() {
    const cycle = { type: "cycle" };
    cycle.itself = cycle;
    return cycle;
  },
  opaque: () => new Opaque(),
  ref({ name }) {
    if (!this.messages.has(name)) throw invalid(`no such message: ${name}`);
    return this.messages.get(name);
  },
};

/** A value that is returned; what JSON cannot hold is told as Node writes it. */
function asJson(value) {
  try {
    return JSON.parse(JSON.stringify(value) ?? "null");
  } catch {
    return util.inspect(value).slice(0, 1000);
  }
}

function stats(value) {
  const odd = (key, item) => {
    const isOdd = ["bigint", "function", "symbol"].includes(typeof item) || item instanceof Map || item instanceof Set;
    if (isOdd || (typeof item === "number" && !Number.isFinite(item))) {
      throw new TypeError(`get_stats returned what is not JSON: ${key} is ${util.inspect(item).slice(0, 100)}`);
    }
    return item;
  };
  return JSON.parse(JSON.stringify(value, odd) ?? "null");
}

function describe(error) {
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 2000) : util.inspect(error).slice(0, 2000);
}

function complain(text) {
  process.stderr.write(text.replaceAll("\n", " ") + "\n");
}

// --------------------------------------------------------------------------------------------------------------------- wire

/** What a candidate prints goes to standard error. */
function takeOverOutput() {
  Object.defineProperty(process, "stdout", { get: () => process.stderr, configurable: true });
}

/** Lines of standard input. At its end the process has half a second left, whatever a candidate does. */
async function* lines() {
  const waiting = [];
  let wake = () => {};
  let rest = [];
  let hasEnded = false;
  process.stdin.on("data", (chunk) => {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      rest.push(chunk.subarray(from, end));
      waiting.push(Buffer.concat(rest).toString("utf8"));
      rest = [];
      from = end + 1;
    }
    rest.push(chunk.subarray(from));
    wake();
  });
  process.stdin.on("end", () => {
    hasEnded = true;
    real.setTimeout(() => process.exit(0), LAST_BREATH_MS);
    wake();
  });
  for (;;) {
    while (waiting.length > 0) {
      const line = waiting.shift();
      if (line.trim() !== "") yield line;
    }
    if (hasEnded) return;
    await new Promise((resolve) => (wake = resolve));
  }
}

// --------------------------------------------------------------------------------------------------------------------- time

/** The candidate's time, in milliseconds. */
class Clock {
  now = 1_000;
  #outstanding = 0;
  #timers = new Map();
  #next = 1;
  #isAwaited = false;
  #lastHeard = real.now();
  #flow = null;

  constructor(isVirtual) {
    this.isVirtual = isVirtual;
    this.epoch = real.Date.now() - this.now;
  }

  /** What a clock shows; no two looks see the same. */
  read() {
    this.now += 1e-3;
    return this.now;
  }

  forget() {
    this.#timers.clear();
  }

  heard() {
    this.#lastHeard = real.now();
    this.#pace();
  }

  /** How many calls run. */
  set outstanding(outstanding) {
    this.#outstanding = outstanding;
    this.#pace();
  }

  awaited(isAwaited) {
    this.#isAwaited = isAwaited;
    this.#pace();
  }

  add(callback, ms, args, every) {
    const delay = Number(ms) >= 1 && Number(ms) <= 0x7fffffff ? Number(ms) : 1;
    const timer = new Timer(this, this.#next++, callback, args, delay, every);
    timer.refresh();
    return timer;
  }

  schedule(timer) {
    timer.due = this.now + timer.delay;
    // A timer that is set anew goes behind those of the same time.
    this.#timers.delete(timer.id);
    this.#timers.set(timer.id, timer);
    this.#pace();
  }

  remove(timer) {
    this.#timers.delete(typeof timer === "object" ? timer?.id : Number(timer));
  }

  has(timer) {
    return this.#timers.has(timer.id);
  }

  #first() {
    let first = null;
    for (const timer of this.#timers.values()) if (first === null || timer.due < first.due) first = timer;
    return first;
  }

  /** Fires the next timer that is due until then; false where there is none. */
  fireNext(until) {
    const timer = this.#first();
    if (timer === null || timer.due > until + 1e-6) return false;
    this.now = Math.max(this.now, timer.due);
    if (timer.every) this.schedule(timer);
    else this.#timers.delete(timer.id);
    // What it throws is nobody's answer.
    queueMicrotask(() => timer.callback(...timer.args));
    return true;
  }

  /** While a call runs, and the harness waits for it, time goes on as outside. */
  #pace() {
    if (!this.isVirtual) return;
    if (this.#flow !== null) {
      real.clearTimeout(this.#flow.timer);
      if (this.#flow.flows) this.now += Math.min(real.now() - this.#flow.began, this.#flow.wait);
      this.#flow = null;
    }
    const first = this.#first();
    if (first === null || (!this.#isAwaited && this.#outstanding === 0)) return;
    const silence = this.#isAwaited ? 0 : SILENCE_MS - (real.now() - this.#lastHeard);
    const wait = silence > 0 ? silence : Math.max(0, first.due - this.now);
    const tick = () => {
      const { flows } = this.#flow;
      this.#flow = null;
      if (flows) {
        this.now = Math.max(this.now, first.due);
        this.fireNext(this.now);
      }
      this.#pace();
    };
    this.#flow = { timer: real.setTimeout(tick, wait), began: real.now(), wait, flows: silence <= 0 };
  }

  install() {
    if (!this.isVirtual) return;
    const clock = this;
    const setTimeout = (callback, ms, ...args) => clock.add(callback, ms, args, false);
    const setInterval = (callback, ms, ...args) => clock.add(callback, ms, args, true);
    const clear = (timer) => clock.remove(timer);
    const sleep = (ms, value, { signal } = {}) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const timer = setTimeout(() => resolve(value), ms);
        signal?.addEventListener("abort", () => {
          clear(timer);
          reject(signal.reason);
        });
      });
    setTimeout[util.promisify.custom] = sleep;
    for (const place of [globalThis, timers]) {
      Object.assign(place, { setTimeout, setInterval, clearTimeout: clear, clearInterval: clear });
    }
    Object.assign(timersPromises, {
      setTimeout: sleep,
      async *setInterval(ms, value) {
        for (;;) {
          await sleep(ms);
          yield value;
        }
      },
    });
    timersPromises.scheduler.wait = (ms, options) => sleep(ms, undefined, options);
    module.syncBuiltinESMExports();
    const now = () => Math.floor(clock.epoch + clock.read());
    globalThis.Date = new Proxy(real.Date, {
      construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [now()] : args, made),
      apply: () => new real.Date(now()).toString(),
      get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
    });
    performance.now = () => clock.read();
    const hrtime = (since = [0, 0]) => {
      const ns = process.hrtime.bigint() - (BigInt(since[0]) * 1_000_000_000n + BigInt(since[1]));
      return [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
    };
    hrtime.bigint = () => BigInt(Math.floor(clock.read() * 1e6));
    process.hrtime = hrtime;
  }
}

class Timer {
  constructor(clock, id, callback, args, delay, every) {
    Object.assign(this, { clock, id, callback, args, delay, every, due: 0 });
  }
  refresh() {
    this.clock.schedule(this);
    return this;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
  hasRef() {
    return this.clock.has(this);
  }
  close() {
    this.clock.remove(this);
    return this;
  }
  [Symbol.toPrimitive]() {
    return this.id;
  }
}

// ------------------------------------------------------------------------------------------------------------------ sockets

/** The other end of a socket: what it takes, and in which mode it is. */
class Peer {
  constructor(name, mode, emit) {
    this.name = name;
    this.emit = emit;
    this.mode = mode;
    /** Frames that wait until the peer takes something: what to do with each when it does. */
    this.waiting = [];
    this.lastPing = null;
    this.socket = null;
    this.changeMode(mode);
  }

  changeMode(mode) {
    if (!["ok", "hang", "fail", "closed"].includes(mode)) throw invalid(`no such mode: ${JSON.stringify(mode)}`);
    this.mode = mode;
    if (mode === "closed") this.socket?.peerClosed();
    while (this.mode !== "hang" && this.waiting.length > 0) this.waiting.shift()();
  }

  /** Does `taken` when the peer takes the frame, `failed` when the write fails. */
  write(taken, failed) {
    const go = () => (this.mode === "ok" ? taken() : failed());
    if (this.mode === "hang" || this.waiting.length > 0) this.waiting.push(go);
    else go();
  }

  answerPing() {
    if (this.lastPing !== null) this.socket.emit("pong", this.lastPing);
  }
}

const STATES = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };

/** A connection as the `ws` package has it. */
class WebSocket extends EventEmitter {
  #peer;
  #buffered = 0;
  #hasClosed = false;
  readyState = STATES.OPEN;
  binaryType = "nodebuffer";
  extensions = "";
  protocol = "";
  url = "";
  isPaused = false;

  constructor(peer) {
    super();
    this.#peer = peer;
    Object.defineProperty(this, "peerName", { value: peer.name, enumerable: false });
    this._socket = { remoteAddress: "192.0.2.1", remotePort: 40000, destroy: () => this.terminate() };
    if (peer.mode === "closed") this.readyState = STATES.CLOSED;
  }

  get bufferedAmount() {
    return this.#buffered;
  }

  send(data, options, callback) {
    const done = typeof options === "function" ? options : callback;
    const text = typeof data === "number" ? String(data) : data;
    const isBinary = typeof text !== "string";
    if (isBinary && !ArrayBuffer.isView(text) && !(text instanceof ArrayBuffer)) {
      const seen = util.inspect(data, { depth: 0 }).slice(0, 100);
      throw new TypeError(`The first argument must be of type string or an instance of Buffer or ArrayBuffer. Received ${seen}`);
    }
    const bytes = isBinary ? Buffer.from(text.buffer ?? text, text.byteOffset, text.byteLength) : null;
    const size = bytes?.length ?? Buffer.byteLength(text);
    if (this.#isNotOpen(size, done)) return;
    const event = { event: "send", socket: this.#peer.name };
    if (isBinary) event.bytes = bytes.toString("base64");
    // A lone surrogate becomes U+FFFD when it is made UTF-8.
    else event.message = text.toWellFormed();
    this.#write(event, size, done);
  }

  ping(data, mask, callback) {
    const done = [data, mask, callback].find((one) => typeof one === "function");
    const payload = typeof data === "function" || data === undefined ? Buffer.alloc(0) : Buffer.from(String(data));
    if (this.#isNotOpen(payload.length, done)) return;
    this.#write({ event: "ping", socket: this.#peer.name }, payload.length, done, () => (this.#peer.lastPing = payload));
  }

  pong(data, mask, callback) {
    const done = [data, mask, callback].find((one) => typeof one === "function");
    if (!this.#isNotOpen(0, done) && done) process.nextTick(done);
  }

  close(code = 1005, reason) {
    if (this.readyState !== STATES.OPEN) return;
    this.readyState = STATES.CLOSING;
    const timeout = setTimeout(() => this.terminate(), CLOSE_TIMEOUT_MS);
    const finished = (seen) => {
      clearTimeout(timeout);
      process.nextTick(() => this.#closed(seen, reason ?? ""));
    };
    this.#peer.write(
      () => {
        if (this.readyState === STATES.CLOSED) return;
        this.#peer.emit({ event: "close", socket: this.#peer.name, code });
        finished(code);
      },
      () => finished(1006),
    );
  }

  terminate() {
    if (this.readyState === STATES.CLOSED) return;
    this.readyState = STATES.CLOSED;
    this.#peer.emit({ event: "abort", socket: this.#peer.name });
    this.#dropWaiting();
    process.nextTick(() => this.#closed(1006, ""));
  }

  pause() {
    this.isPaused = true;
  }

  resume() {
    this.isPaused = false;
  }

  addEventListener(type, listener, { once = false } = {}) {
    const handle = typeof listener === "function" ? listener : listener.handleEvent.bind(listener);
    const wrapped = (...args) => {
      const event = { type, target: this };
      if (type === "close") Object.assign(event, { code: args[0], reason: String(args[1]), wasClean: args[0] !== 1006 });
      if (type === "error") Object.assign(event, { error: args[0], message: args[0]?.message });
      handle.call(this, event);
    };
    wrapped.listener = listener;
    this[once ? "once" : "on"](type, wrapped);
  }

  removeEventListener(type, listener) {
    this.off(type, listener);
  }

  /** The peer has closed, and we know. */
  peerClosed() {
    this.readyState = STATES.CLOSED;
    this.#dropWaiting();
    process.nextTick(() => this.#closed(1000, ""));
  }

  #isNotOpen(size, done) {
    if (this.readyState === STATES.OPEN) return false;
    this.#buffered += size;
    if (done) {
      const name = Object.keys(STATES)[this.readyState];
      process.nextTick(done, new Error(`WebSocket is not open: readyState ${this.readyState} (${name})`));
    }
    return true;
  }

  #write(event, size, done, taken = () => {}) {
    this.#buffered += size;
    this.#peer.write(
      () => {
        if (this.readyState === STATES.CLOSED) return;
        this.#buffered -= size;
        taken();
        this.#peer.emit(event);
        if (done) process.nextTick(done);
      },
      () => {
        const error = Object.assign(new Error("write EPIPE"), { errno: -32, code: "EPIPE", syscall: "write" });
        if (done) process.nextTick(done, error);
        if (this.readyState < STATES.CLOSING) {
          this.readyState = STATES.CLOSING;
          process.nextTick(() => this.#closed(1006, ""));
        }
      },
    );
  }

  #dropWaiting() {
    const { waiting } = this.#peer;
    this.#peer.waiting = [];
    const { mode } = this.#peer;
    this.#peer.mode = "fail";
    for (const go of waiting) go();
    this.#peer.mode = mode;
  }

  #closed(code, reason) {
    this.readyState = STATES.CLOSED;
    if (this.#hasClosed) return;
    this.#hasClosed = true;
    this.emit("close", code, Buffer.from(reason));
  }
}

for (const [name, value] of Object.entries(STATES)) {
  Object.defineProperty(WebSocket, name, { value, enumerable: true });
  Object.defineProperty(WebSocket.prototype, name, { value, enumerable: true });
}
for (const type of ["open", "message", "close", "error"]) {
  Object.defineProperty(WebSocket.prototype, `on${type}`, {
    get() {
      return this.listeners(type).find((one) => one.isAttribute)?.listener ?? null;
    },
    set(listener) {
      for (const old of this.listeners(type).filter((one) => one.isAttribute)) this.off(type, old);
      if (typeof listener !== "function") return;
      this.addEventListener(type, listener);
      this.listeners(type).at(-1).isAttribute = true;
    },
  });
}

// -------------------------------------------------------------------------------------------------------- any exported class

/** Modules of the candidate carry the number of the reset that imported them, and hand it on to what they import. */
const HOOKS = `
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  const reset = context.parentURL && new URL(context.parentURL).searchParams.get("reset");
  if (!reset || !found.url.startsWith("file:") || found.url.includes("/node_modules/") || found.format === "commonjs") return found;
  const url = new URL(found.url);
  url.searchParams.set("reset", reset);
  return { ...found, url: url.href };
}`;

/** A class, function or object that a module exports, called under the names of a map. */
export class Wrapped extends Driver {
  constructor(target, names, root) {
    super();
    Object.assign(this, { target, names, root: path.resolve(root), name: target, manager: null, resets: 0 });
    this.methods = new Map();
    module.register(`data:text/javascript,${encodeURIComponent(HOOKS)}`);
  }

  capabilities() {
    return [...this.methods.keys(), "clock", ...this.extras];
  }

  async start() {
    await this.make();
    const missing = Object.entries(this.names.calls ?? {})
      .filter(([call, spec]) => !spec.absent && !this.methods.has(call))
      .map(([call, spec]) => `${call} (${spec.method ?? call})`);
    if (missing.length > 0) throw unloadable(`${this.target} has not what the map names: ${missing.join(", ")}`);
  }

  async reset(limits, nodes) {
    await this.make();
  }

  async make() {
    this.methods = new Map();
    this.manager = null;
    this.resets += 1;
    const { cache } = module.createRequire(import.meta.url);
    for (const file of Object.keys(cache)) if (!file.includes("/node_modules/")) delete cache[file];
    this.manager = await this.construct();
    for (const call of Object.keys(CALLS)) {
      const spec = this.names.calls?.[call] ?? {};
      const names = spec.method ? [spec.method] : [call, camel(call)];
      const method = spec.absent ? undefined : names.map((name) => member(this.manager, name)).find(Boolean);
      if (method !== undefined) this.methods.set(call, method);
    }
  }

  async construct() {
    const wanted = this.names.factory ?? this.target;
    const found = await this.load(wanted);
    if (this.names.construct === "attribute" || typeof found !== "function") return found;
    const given = this.names.arguments ?? {};
    const args = Object.keys(given).length > 0 ? [given] : [];
    const isClass = /^class\b/.test(Function.prototype.toString.call(found));
    const isMade = isClass || (this.names.construct !== "singleton" && !this.names.factory && found.prototype !== undefined);
    try {
      return isMade ? new found(...args) : await found(...args);
    } catch (error) {
      throw unloadable(`${wanted} threw ${describe(error)}`);
    }
  }

  async load(target) {
    const [file, name] = target.split("#");
    const url = pathToFileURL(path.resolve(this.root, file));
    if (!fs.existsSync(url)) throw unloadable(`no such file: ${file}`);
    url.searchParams.set("reset", this.resets);
    let exported;
    try {
      exported = await import(url.href);
    } catch (error) {
      throw unloadable(`cannot import ${file}: ${describe(error)}`);
    }
    if (name === undefined) return exported.default ?? exported;
    const found = exported[name] ?? exported.default?.[name];
    if (found === undefined) throw unloadable(`${file} exports no ${name}`);
    return found;
  }

  async call(call, values, node) {
    const method = this.methods.get(call);
    if (method === undefined) throw unsupported(`${call} was not announced`);
    const all = { ...values, within_seconds: (values.within_ms ?? 0) / 1000, socket: values.websocket?.peerName };
    const spec = this.names.calls?.[call] ?? {};
    let args = CALLS[call].map((parameter) => values[parameter]);
    if (spec.arguments || spec.keywords) {
      args = (spec.arguments ?? []).map((item) => argument(item, all));
      const options = Object.entries(spec.keywords ?? {}).map(([name, item]) => [name, argument(item, all)]);
      if (options.length > 0) args.push(Object.fromEntries(options));
    }
    const value = await method(...args);
    const returns = spec.returns ?? "value";
    if (returns === "value") return value;
    if (returns === "nothing") return null;
    return returns === "true" ? true : argument(returns, all);
  }
}

/** `connect_user` as JavaScript writes it. */
function camel(call) {
  return call.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
}

/** A method, dotted or not, bound to its owner. */
function member(owner, name) {
  let found = owner;
  for (const part of name.split(".")) [owner, found] = [found, found?.[part]];
  return typeof found === "function" ? found.bind(owner) : undefined;
}

/**
 * A value for the candidate: a parameter of the protocol, `socket` (its name, for callers that make up ids), `within_seconds`,
 * `{"value": …}`, or `{"json": parameter}` as text.
 */
function argument(item, values) {
  if (typeof item === "object") return "json" in item ? JSON.stringify(values[item.json]) : item.value;
  if (!(item in values)) throw invalid(`the map names ${JSON.stringify(item)}, which is no parameter here`);
  return values[item];
}

function main() {
  const { values, positionals } = util.parseArgs({
    allowPositionals: true,
    options: { "map-json": { type: "string", default: "{}" }, root: { type: "string", default: "." } },
  });
  if (positionals.length !== 1) {
    complain("usage: ssot_driver.mjs ./file.mjs#Class [--map-json JSON] [--root DIR]");
    process.exit(2);
  }
  serve(new Wrapped(positionals[0], JSON.parse(values["map-json"]), values.root));
}

if (process.argv[1] && import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) main();
