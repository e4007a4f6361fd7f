#!/usr/bin/env bash
# The dashboard of `ssot serve` in a real browser, driven over the DevTools protocol: the token, the figures, sorting and
# filtering, odd names and keys, a server that goes away and comes back. Usage: tests/dashboard.sh SSOT_BINARY.
# Needs chromium and python3 (standard library alone). Takes about a minute.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: dashboard.sh SSOT_BINARY"; exit 2; }
exec python3 - "$1" <<'PY'
import base64, http.client, json, os, re, secrets, signal, socket, struct, subprocess, sys, tempfile, threading, time
from urllib.parse import quote, urlsplit

TOKEN = secrets.token_hex(16)
HOSTILE = "</script><img src=x onerror=alert(1)>"


class Wrong(Exception):
    """What is not as it should be."""


def check(is_so, what):
    if not is_so:
        raise Wrong(what)


class WebSocket:
    """A client's end of a WebSocket; `receive_buffer` makes one that takes little."""

    def __init__(self, host, port, path, receive_buffer=None):
        self.stream = socket.socket()
        if receive_buffer:
            self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.stream.settimeout(10)
        self.stream.connect((host, port))
        key = base64.b64encode(os.urandom(16)).decode()
        self.stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.stream.recv(1)
            check(byte, f"{path}: the handshake was cut off")
            head += byte
        check(b" 101 " in head.split(b"\r\n")[0], f"{path}: {head!r}")

    def exactly(self, size):
        taken = bytearray()
        while len(taken) < size:
            more = self.stream.recv(min(1 << 20, size - len(taken)))
            if not more:
                raise ConnectionError("the other end is gone")
            taken += more
        return bytes(taken)

    def send(self, payload, opcode=1):
        size, mask = len(payload), os.urandom(4)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size) if size < 65536 else b"\xff" + struct.pack(">Q", size)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        self.stream.sendall(bytes([0x80 | opcode]) + length + mask + masked)

    def receive(self):
        """The next message. Pings are answered on the way."""
        message = b""
        while True:
            first, size = self.exactly(2)
            if size >= 126:
                size = struct.unpack(">H", self.exactly(2))[0] if size == 126 else struct.unpack(">Q", self.exactly(8))[0]
            payload = self.exactly(size)
            if first & 15 == 9:
                self.send(payload, 10)
            elif first & 15 == 8:
                raise ConnectionError("closed")
            elif first & 15 != 10:
                message += payload
                if first & 0x80:
                    return message

    def read_on(self):
        """Reads for ever, as a good client does."""
        def loop():
            try:
                self.stream.settimeout(None)
                while True:
                    self.receive()
            except OSError:
                pass
        threading.Thread(target=loop, daemon=True).start()
        return self


class Server:
    def __init__(self, binary):
        self.binary, self.process = binary, None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"

    def start(self, token=TOKEN):
        self.process = subprocess.Popen(
            [self.binary, "serve", "--insecure-dev", "--quiet", "--listen", f"127.0.0.1:{self.port}", "--ping", "2", "--drain", "1"],
            env={**os.environ, "SSOT_CONTROL_TOKEN": token}, stdin=subprocess.DEVNULL)
        for _ in range(100):
            check(self.process.poll() is None, f"{self.binary} ended with {self.process.poll()}")
            try:
                if self.ask("GET", "/healthz", raw=True):
                    return self
            except OSError:
                time.sleep(0.1)
        raise Wrong(f"{self.binary} does not answer at {self.origin}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def ask(self, method, path, body=None, raw=False):
        calls = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        calls.request(method, path, body and json.dumps(body), {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
        answer = calls.getresponse()
        content = answer.read()
        calls.close()
        check(answer.status == 200, f"{method} {path}: {answer.status} {content[:200]!r}")
        return content if raw else json.loads(content)

    def stats(self):
        return self.ask("GET", "/control/v1/stats")

    def connect(self, user, thread=None, **how):
        suffix = f"&thread_id={quote(thread, safe='')}" if thread else ""
        return WebSocket("127.0.0.1", self.port, f"/ws?user_id={quote(user, safe='')}{suffix}", **how)


class Browser:
    def __init__(self, profile):
        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        said = os.path.join(profile, "DevToolsActivePort")
        for _ in range(300):
            check(self.process.poll() is None, "chromium does not start")
            if os.path.exists(said) and open(said).read().count("\n"):
                break
            time.sleep(0.1)
        else:
            raise Wrong("chromium opens no DevTools port")
        self.port = int(open(said).read().split()[0])
        calls = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        calls.request("GET", "/json/list")
        page = next(entry for entry in json.loads(calls.getresponse().read()) if entry["type"] == "page")
        self.socket = WebSocket("127.0.0.1", self.port, urlsplit(page["webSocketDebuggerUrl"]).path)
        self.count, self.requests, self.errors = 0, [], []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, "method": method, "params": params}).encode())
        while True:
            message = json.loads(self.socket.receive())
            if message.get("id") == self.count:
                check("error" not in message, f"{method}: {message.get('error')}")
                return message["result"]
            self.note(message.get("method"), message.get("params"))

    def note(self, method, params):
        if method in ("Network.requestWillBeSent", "Network.webSocketCreated"):
            self.requests.append(params["request"]["url"] if "request" in params else params["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(params["exceptionDetails"].get("exception", {}).get("description", str(params)))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.errors.append(str(params["args"]))
        elif method == "Log.entryAdded":
            entry = params["entry"]
            # The browser itself logs a refused token and a server that is away.
            if entry["level"] in ("error", "warning") and not (entry["source"] == "network" and "/control/v1/" in entry.get("url", "")):
                self.errors.append(f"{entry['source']}: {entry['text']} {entry.get('url', '')}")
        elif method == "Page.javascriptDialogOpening":
            raise Wrong(f"the page opens a dialog: {params['message']}")

    def value(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        check("exceptionDetails" not in answer, f"{script}: {answer.get('exceptionDetails')}")
        return answer["result"].get("value")

    def until(self, script, what, seconds=10):
        """Waits for a value that is true; `what` is said where it never is."""
        end = time.monotonic() + seconds
        while not (found := self.value(script)):
            check(time.monotonic() < end, f"{what}: not so within {seconds} s; the page says: {self.value('document.body.innerText')[:1500]}")
            time.sleep(0.1)
        return found

    def type(self, selector, text):
        self.value(f"document.querySelector({json.dumps(selector)}).focus(); document.querySelector({json.dumps(selector)}).select()")
        if text:
            self.call("Input.insertText", text=text)
        else:
            self.press("Delete", 46)

    def press(self, key, code, text=None):
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=code, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)

    def enter(self):
        self.press("Enter", 13, "\r")

    def calls_during(self, seconds):
        self.value("1")
        before = len(self.requests)
        time.sleep(seconds)
        self.value("1")
        return len(self.requests) - before

    def close(self):
        try:
            self.call("Browser.close")
            self.process.wait(10)
        except (OSError, Wrong, subprocess.TimeoutExpired, AttributeError):
            pass
        # The group is the browser's own: it was started as the leader of a new session.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


TILE = "document.querySelector(`[data-key='{}'] dd`)?.textContent"
CELLS = "[...document.querySelectorAll('#connections tbody tr')].map((row) => row.cells[{}].textContent)"
IS_OUTSIDE = "document.querySelector('#figures').hidden && !document.querySelector('#door').hidden"
RATES = "[...document.querySelectorAll('figure')].map((figure) => [figure.innerText + figure.querySelector('svg[role]').getAttribute('aria-label'), [...figure.querySelectorAll('path')].map((path) => path.getAttribute('d')).join()])"


def look(server, page, url):
    # The token is asked for; a wrong one is refused and asked again.
    page.call("Page.navigate", url=url)
    page.until("document.readyState === 'complete' && !!document.querySelector('#token')", f"{url} is the dashboard")
    check(page.value(IS_OUTSIDE), "figures are shown without a token")
    check(not any("/control/" in request for request in page.requests), "the server is asked before a token is there")
    check(page.value("document.activeElement.id") == "token", "the focus is not in the field of the token")
    for wrong, said in (("wrong-" + TOKEN, "not the control token"), ("töken 1", "ASCII")):
        page.type("#token", wrong)
        page.enter()
        page.until(f"document.querySelector('#refusal').textContent.includes('{said}')", f"a wrong token is refused with '{said}'")
        check(page.value(IS_OUTSIDE) and page.value("sessionStorage.length") == 0, "a wrong token is kept or lets in")
    page.type("#token", TOKEN)
    page.enter()
    page.until("!document.querySelector('#figures').hidden && document.querySelector('#door').hidden", "the right token lets in")
    check(page.value("localStorage.length === 0 && document.cookie === '' && !location.href.includes(sessionStorage.getItem(sessionStorage.key(0)))"), "the token is kept elsewhere than in sessionStorage")
    page.call("Page.reload")
    page.until(f"{TILE.format('state')} === 'open'", "a reload asks no second time")

    # Figures, as the control interface has them.
    page.until("document.querySelectorAll('#connections tbody tr').length === 6", "six connections are listed")
    stats = server.stats()
    for key in ("active_connections", "active_users", "active_threads"):
        page.until(f"{TILE.format(key)} === '{stats[key]}'", f"{key} is {stats[key]}")
    check((stats["active_connections"], stats["active_users"]) == (6, 5), f"six connections of five users were opened: {stats}")
    sent_before = stats["messages_sent"]
    for _ in range(50):
        server.ask("POST", "/control/v1/send_to_user", {"user_id": "user-2", "message": "hello"})
    check(server.stats()["messages_sent"] - sent_before >= 50, "fifty messages are sent")
    page.until(f"[...document.querySelectorAll('#more tr')].some((row) => row.cells[0].textContent === 'messages_sent' && row.cells[1].textContent === '{server.stats()['messages_sent']}')", "the total of messages sent is shown")
    highest = page.until("Number(/highest ([\\d.]+)/.exec(document.querySelector('figure svg[role]').getAttribute('aria-label'))[1])", "a rate of messages is shown")
    check(0 < highest <= 60, f"fifty messages make {highest} per second")
    page.until("[...document.querySelectorAll('figure path')].some((path) => (path.getAttribute('d').match(/L/g) ?? []).length > 2)", "lines are drawn")
    page.until(CELLS.format(6) + ".some((text) => / ms$/.test(text))", "a round trip is shown")

    # A client that does not read: its queue is listed first, what goes wrong is highlighted.
    slow = server.connect("slow", "t-slow", receive_buffer=4096)
    for _ in range(250):
        server.ask("POST", "/control/v1/send_to_user", {"user_id": "slow", "message": "x" * 60000})
        if server.stats()["queued_messages"] >= 20:
            break
    page.until(f"Number({TILE.format('queued_messages')}) > 0 && / [kM]?B$/.test({TILE.format('queued_bytes')})", "messages wait")
    page.until(CELLS.format(1) + "[0] === 'slow'", "the longest queue comes first")
    page.until("document.querySelector(`[data-key='pongs_missed']`).className === 'warn' && document.querySelector(`[data-key='pongs_missed']`).textContent.includes('in the last minute')", "pongs that are missed are highlighted", 20)
    check(page.value("document.querySelector(`[data-key='too_large']`).className") == "", "what does not rise is highlighted")
    slow.stream.close()
    page.until("!" + CELLS.format(1) + ".includes('slow')", "a connection that ended is listed no more", 20)

    # A hostile name is text.
    check(page.value(CELLS.format(1)).count(HOSTILE) == 1, "the odd user id is not shown as it is")
    check(page.value("document.querySelectorAll('img').length === 0 && document.scripts.length === 1"), "a user id became markup")

    # Sorting, by the pointer's click and by the keyboard; filtering.
    sorted_by = "document.querySelectorAll('#connections th')[1]"
    page.value(f"{sorted_by}.firstChild.click()")
    users = page.value(CELLS.format(1))
    check(users == [HOSTILE, "user-1", "user-1", "user-2", "user-10", "user-20"], f"sorted by user: {users}")
    page.value(f"{sorted_by}.firstChild.focus()")
    page.enter()
    check(page.value(CELLS.format(1)) == users[::-1] and page.value(f"{sorted_by}.getAttribute('aria-sort')") == "descending", "Enter on a heading does not turn the order")
    time.sleep(1.5)
    check(page.value(CELLS.format(1)) == users[::-1], "the next answer undoes the order")
    page.type("#filter", "user-1 T-A")
    page.until(f"JSON.stringify({CELLS.format(1)}) === '[\"user-10\",\"user-1\"]' && document.querySelector('#count').textContent === '2 of 6'", "words filter")
    page.type("#filter", "nobody")
    page.until("document.querySelector('#none').textContent.startsWith('No connection')", "it is said that nothing is found")
    page.type("#filter", "")
    page.until("document.querySelectorAll('#connections tbody tr').length === 6", "without words all are shown")

    # Keys of servers to come.
    has_none = "document.querySelector(`#health [data-key='backplane'] dd`)?.textContent === 'none'"
    check(page.value(has_none), "this server has no backplane")
    page.value("""window.trueFetch = fetch; window.fetch = async (path, options) => {
      const answer = await trueFetch(path, options);
      if (!path.endsWith('stats')) return answer;
      return new Response(JSON.stringify({ ...await answer.json(), backplane: 'degraded', backplane_role: '<b>leader', odd_figure: 1234.5, 'odd <i>key': { a: [null] }, write_errors: 'many' }));
    }; 1""")
    page.until("document.querySelector(`#health [data-key='backplane']`)?.className === 'warn' && document.querySelector('#news').textContent.includes('backplane: degraded')", "the backplane is part of the health and announced")
    page.until("document.querySelector(`#health [data-key='backplane_role'] dd`)?.textContent === '<b>leader'", "other texts are part of the health")
    more = page.value("Object.fromEntries([...document.querySelectorAll('#more tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent)))")
    check(more.get("odd_figure") == "1,234.5" and more.get("odd <i>key") == '{"a":[null]}', f"unknown keys: {more}")
    page.value("window.fetch = trueFetch; 1")
    page.until(f"{has_none} && !document.querySelector(`[data-key='backplane_role']`)", "what is gone is not shown")

    # Polled each second, not while paused or hidden.
    check(3 <= (calls := page.calls_during(3)) <= 10, f"{calls} calls in 3 s")
    press = "document.querySelector('#pause').click()"
    hide = "Object.defineProperty(document, 'hidden', {{ value: {}, configurable: true }}); document.dispatchEvent(new Event('visibilitychange'))"
    for name, off, on in (("paused", press, press), ("hidden", hide.format("true"), hide.format("false"))):
        page.value(off)
        check((calls := page.calls_during(2)) == 0, f"{calls} calls while {name}")
        page.value(on)
        check(page.calls_during(2) > 0, f"no calls after it was {name}")
    page.value("document.querySelector('#every').value = '10'; document.querySelector('#every').dispatchEvent(new Event('change'))")
    check((calls := page.calls_during(3)) <= 2, f"{calls} calls in 3 s at 10 s each")
    page.value("document.querySelector('#every').value = '1'; document.querySelector('#every').dispatchEvent(new Event('change'))")

    # A narrow window scrolls up and down alone.
    page.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=1, mobile=True)
    check((width := page.value("document.documentElement.scrollWidth")) <= 360, f"at 360 px the page is {width} px wide")
    page.call("Emulation.clearDeviceMetricsOverride")

    # Figures for the eye tick, what is read aloud does not.
    page.until("!document.querySelector('#figures').hidden", "figures")
    page.value("window.spoken = 0; for (const region of document.querySelectorAll('[role=status],[role=alert],output,[aria-live]')) new MutationObserver(() => { spoken += 1; }).observe(region, { childList: true, characterData: true, subtree: true }); 1")
    time.sleep(3)
    check((spoken := page.value("spoken")) == 0, f"{spoken} announcements in 3 quiet seconds")
    check(page.value("[...document.querySelectorAll('input,select')].every((field) => field.labels.length) && document.querySelectorAll('h1').length === 1 && document.documentElement.lang === 'en'"), "a field without a label, or no heading")


def lose(server, page):
    # The server hangs.
    server.process.send_signal(signal.SIGSTOP)
    page.until("!document.querySelector('#trouble').hidden && document.querySelector('#trouble').textContent.includes('within 5 s')", "a server that hangs is noticed", 15)
    server.process.send_signal(signal.SIGCONT)
    page.until("document.querySelector('#trouble').hidden", "a server that goes on is noticed", 15)
    check("started anew" not in page.value("document.querySelector('#news').textContent"), "a server that hung was not started anew")

    # It stops, and comes back with counters at 0.
    server.stop()
    page.until("!document.querySelector('#trouble').hidden", "a server that stopped is noticed")
    text = page.value("document.querySelector('#trouble').textContent")
    check(re.search(r"has not answered since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text), f"since when it is away: {text}")
    check(page.value(TILE.format("state")) == "no answer" and page.value("document.title").startswith("no answer"), "the state is not 'no answer'")
    time.sleep(2.5)
    check(page.value("document.querySelector('#trouble').textContent") == text, "the message changes at each try")
    server.start()
    page.until("document.querySelector('#trouble').hidden", "a server that is back is noticed")
    news = page.value("document.querySelector('#news').textContent")
    check("answers again" in news and "started anew" in news, f"what is said of it: {news}")
    page.until(f"{TILE.format('active_connections')} === '0' && {TILE.format('state')} === 'open'", "the figures are those of the new server")
    server.connect("after", "t-after").read_on()
    page.until(f"{TILE.format('active_connections')} === '1'", "it goes on as before")
    page.until("document.querySelector('figure:nth-child(3) .legend').textContent.match(/\\d/)", "there are rates again")

    # Counters that begin at 0 unseen, of a server that tells no uptime: the line is interrupted, it does not fall.
    for _ in range(5):
        server.ask("POST", "/control/v1/broadcast", {"message": "hello"})
    page.until("[...document.querySelectorAll('#more tr')].some((row) => row.textContent.replace(/\\D/g, '') === '5' && row.cells[0].textContent === 'messages_sent')", "five messages are sent")
    page.value("""window.trueFetch = fetch; window.fetch = async (path, options) => {
      const answer = await trueFetch(path, options);
      if (!path.endsWith('stats')) return answer;
      return new Response(JSON.stringify(Object.fromEntries(Object.entries(await answer.json()).filter(([key]) => key !== 'uptime_seconds').map(([key, value]) => [key, Number.isFinite(value) ? 0 : value]))));
    }; document.querySelector('#news').textContent = ''; 1""")
    page.until("document.querySelector('#news').textContent.includes('started anew')", "counters that fall are noticed")
    page.until("document.querySelector('figure .legend').textContent.match(/\\d/)", "there are rates again")
    below = [(text, paths) for text, paths in page.value(RATES)
             if re.search(r"(?<!\d)[-−]\d|NaN|Infinity", text) or any(not 0 <= float(y) <= 100 for y in re.findall(r"[ML]\S+ ([-\d.]+)", paths))]
    check(not below, f"a figure below 0: {below}")
    page.value("window.fetch = trueFetch; 1")

    # It comes back with another token.
    server.stop()
    page.until("!document.querySelector('#trouble').hidden", "a server that stopped is noticed")
    server.start("another-token-of-16-or-more")
    page.until(f"{IS_OUTSIDE} && document.querySelector('#refusal').textContent.includes('any more')", "a token that is accepted no more is asked for again")
    check(page.value("sessionStorage.length") == 0, "a refused token is kept")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    server, page = Server(os.path.abspath(sys.argv[1])), None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        try:
            server.start()
            clients = [server.connect(user, thread).read_on() for user, thread in
                       [("user-1", "t-a"), ("user-1", "t-b"), ("user-2", "t-b"), ("user-10", "t-a"), ("user-20", None), (HOSTILE, "t-b")]]
            page = Browser(profile)
            url = os.environ.get("DASHBOARD_URL", f"{server.origin}/dashboard")
            look(server, page, url)
            lose(server, page)
            page.value("1")
            origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
            away = sorted({request for request in page.requests if not request.startswith(f"{origin}/")} - {"about:blank"})
            check(not away, f"requests to elsewhere: {away}")
            check(not any(TOKEN in request for request in page.requests), "the token is in an address")
            check(not page.errors, "the console says: " + "\n".join(page.errors))
            print(f"dashboard: token, figures, highlights, sorting, filter, hostile id, unknown keys, pause, hidden, 360 px, announcements, hang, stop, restart, new token; "
                  f"{len(page.requests)} requests, all to {origin}; console silent; {len(clients)} clients")
        except (Wrong, OSError) as wrong:
            said = "".join(f"\nthe console says: {error}" for error in page.errors) if page else ""
            sys.exit(f"dashboard: {wrong}{said}")
        finally:
            if page:
                page.close()
            server.stop()


main()
PY
