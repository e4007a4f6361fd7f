# The target protocol of a unified WebSocket manager.
#
# All ids match exactly, code point by code point. "Queued" means: put into the queue of a live connection, from which
# it will be written in order. Delivery is at most once. Of the calls of one caller, each connection sees the messages in
# the order of the calls. An unknown user, thread, run, connection or socket is no error. A message that has no JSON, or too
# much of it, is queued for nobody; connections stay.

from typing import Any, Protocol

class UnifiedWebSocketManager(Protocol):
    async def connect_user(self, user_id: str, websocket: Any, thread_id: str | None = None) -> str:
        """Take an accepted socket as a connection of a user; return its id, which is unique.

        Earlier connections of the user stay. A socket that already is this user's connection stays that connection, and
        looks at `thread_id` from now on; one whose connection has ended is closed, and of no more use. Raises while shutting down, for a socket of another user, and where the user
        has as many connections as allowed.
        """

    async def disconnect_user(self, user_id: str, websocket: Any) -> None:
        """End the user's connection on this socket: what is queued is written, then it is closed with 1000.

        A socket that is no connection of this user is left alone, so calling it twice is fine.
        """

    async def send_to_user(self, user_id: str, message: Any) -> bool:
        """Send to every connection of a user; true when it was queued for at least one."""

    async def send_to_thread(self, thread_id: str, message: Any) -> bool:
        """Send to every connection that looks at a thread; true when it was queued for at least one."""

    async def send_agent_update(self, run_id: str, agent_name: str, update: Any) -> None:
        """Send an update of an agent to the thread that a run is bound to, by default the thread of the same id.

        On the wire: {"type": "agent_update", "run_id": ..., "agent_name": ..., "payload": update}
        """

    async def check_connection_health(self, connection_id: str) -> bool:
        """Whether a connection is live and has answered every ping whose deadline has passed; waits for no peer."""

    async def get_stats(self) -> dict[str, Any]:
        """Figures of the manager as JSON values. Counters never decrease.

        Gauges, whose names begin with `active_` or `queued_`, return to zero with the last connection.
        """
