// npm's `ws` as a client of `ssot serve`: connects, gets what a service sends, is told of the end.
import assert from "node:assert";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[4]}/`);
const WebSocket = require("ws");
const [base, token] = process.argv.slice(2, 4);

const call = async (name, body) => {
  const answer = await fetch(`http://${base}/control/v1/${name}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  return answer.json();
};
const open = (query) => new Promise((done, fail) => {
  const socket = new WebSocket(`ws://${base}/ws?${query}`);
  socket.received = [];
  socket.waiting = [];
  socket.on("message", (data) => {
    const message = JSON.parse(data.toString());
    const next = socket.waiting.shift();
    if (next) next(message);
    else socket.received.push(message);
  });
  socket.on("open", () => done(socket));
  socket.on("error", fail);
});
const next = (socket) => new Promise((done) => {
  if (socket.received.length) done(socket.received.shift());
  else socket.waiting.push(done);
});

const one = await open("user_id=node");
const two = await open("user_id=node2");
assert.deepEqual(await call("broadcast", { message: { n: 1 }, exclude_users: ["node2"] }), { queued: 1, failed: 0 });
assert.deepEqual(await next(one), { n: 1 });
for (let n = 0; n < 200; n += 1) await call("send_to_user", { user_id: "node2", message: n });
for (let n = 0; n < 200; n += 1) assert.equal(await next(two), n);
const pong = new Promise((done) => one.once("pong", done));
one.ping("hello");
assert.equal((await pong).toString(), "hello");
const closed = new Promise((done) => one.once("close", (code) => done(code)));
process.stdout.write("node ws is served\n");
// Whoever runs this ends the server now.
assert.equal(await closed, 1001);
two.terminate();
process.stdout.write("node ws was told of the end\n");
