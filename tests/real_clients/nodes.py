"""Python's `websockets` as clients of two nodes that Redis joins: whoever is on one is reached through the other, a client that
comes back gets what it missed, over TLS too."""
import asyncio
import json
import ssl
import sys
import urllib.request

import websockets

one, two, token, certificate = sys.argv[1:5]
tls = ssl.create_default_context(cafile=certificate)


def call(base, name, **body):
    request = urllib.request.Request(
        f"https://{base}/control/v1/{name}",
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, context=tls) as answer:
        return json.load(answer)


def connect(base, query):
    return websockets.connect(f"wss://{base}/ws?{query}", ssl=tls)


async def eventually(what, is_so):
    for _ in range(200):
        if is_so():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(what)


async def main():
    for base in (one, two):
        await eventually("the backplane is up", lambda: call(base, "stats")["backplane"] == "up")
    async with connect(one, "user_id=u&thread_id=t") as here, connect(two, "user_id=u") as there:
        assert call(one, "send_to_user", user_id="u", message=1) == {"queued": True}
        assert call(two, "send_to_thread", thread_id="t", message=2) == {"queued": True}
        call(two, "broadcast", message=3)
        assert [await here.recv() for _ in range(3)] == ["1", "2", "3"]
        assert [await there.recv() for _ in range(2)] == ["1", "3"]
        await eventually("both are found", lambda: len(call(one, "find_user_connections", user_id="u")["connections"]) == 2)
        await eventually("both nodes are known", lambda: len(call(two, "nodes")["nodes"]) == 2)

    # A client that is cut off, and comes back.
    client = await connect(one, "user_id=late&resume=")
    greeting = json.loads(await client.recv())
    assert call(two, "send_to_user", user_id="late", message="first") == {"queued": True}
    assert await client.recv() == '"first"'
    client.transport.abort()
    await eventually("it is away", lambda: call(one, "stats")["active_sessions_away"] == 1)
    assert call(one, "send_to_user", user_id="late", message="second") == {"queued": False}
    call(one, "broadcast", message="third")
    client = await connect(one, f"user_id=late&resume={greeting['token']}&sequence=1")
    greeting = json.loads(await client.recv())
    assert (greeting["resumed"], greeting["sequence"]) == (True, 1), greeting
    assert [await client.recv() for _ in range(2)] == ['"second"', '"third"']
    await client.close()
    await eventually("it has left for good", lambda: call(one, "stats")["active_connections"] == 0)
    client = await connect(one, f"user_id=late&resume={greeting['token']}&sequence=3")
    assert json.loads(await client.recv())["reason"] == "there is no such session"
    await client.close()


asyncio.run(main())
print("python websockets", websockets.__version__, "is served by two nodes over TLS, and resumed")
