"""Python's `websockets` as a client of `ssot serve`: connects, gets what a service sends, is pinged, is closed."""
import asyncio
import json
import sys
import urllib.request

import websockets

base, token = sys.argv[1], sys.argv[2]


def call(name, **body):
    request = urllib.request.Request(
        f"http://{base}/control/v1/{name}",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


async def main():
    url = f"ws://{base}/ws?user_id=python&thread_id=shared"
    async with websockets.connect(url) as one, websockets.connect(url) as two:
        assert call("send_to_user", user_id="python", message={"n": 1}) == {"queued": True}
        assert call("send_to_thread", thread_id="shared", message="é\u2028\U0001f600") == {"queued": True}
        call("send_agent_update", run_id="shared", agent_name="a", update={"x": [None, 1.5]})
        for client in (one, two):
            assert json.loads(await client.recv()) == {"n": 1}
            assert json.loads(await client.recv()) == "é\u2028\U0001f600"
            assert json.loads(await client.recv()) == {
                "type": "agent_update", "run_id": "shared", "agent_name": "a", "payload": {"x": [None, 1.5]},
            }
        # Its ping is answered; ours has to be by the library.
        await asyncio.wait_for(await one.ping(), 5)
        large = "x" * 500_000
        assert call("send_to_user", user_id="python", message=large) == {"queued": True}
        assert json.loads(await one.recv()) == large
        ids = call("find_user_connections", user_id="python")["connections"]
        assert len(ids) == 2 and call("disconnect", connection_id=ids[1]) == {"ended": True}
        try:
            while True:
                await asyncio.wait_for(two.recv(), 5)
        except websockets.ConnectionClosedOK as closed:
            assert closed.rcvd.code == 1000, closed
    for _ in range(100):
        if not call("find_user_connections", user_id="python")["connections"]:
            break
        await asyncio.sleep(0.05)
    else:
        raise AssertionError("a client that left is still there")
    async with websockets.connect(url) as client:
        await client.send("x" * 70_000)
        try:
            await asyncio.wait_for(client.recv(), 5)
            raise AssertionError("too large a message is taken")
        except websockets.ConnectionClosedError as closed:
            assert closed.rcvd.code == 1009, closed


asyncio.run(main())
print("python websockets", websockets.__version__, "is served")
