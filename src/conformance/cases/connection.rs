//! Connections come and go one by one.

use serde_json::{Value, json};

use super::{Case, Group};
use crate::conformance::verdict::Stop;
use crate::conformance::world::{Judged, World, ensure, shown};

const CONNECT: &[&str] = &["connect_user"];
const DISCONNECT: &[&str] = &["disconnect_user"];

pub(super) const CASES: [Case; 8] = [
    Case::must(
        "connection-ids-unique",
        Group::Connection,
        CONNECT,
        "Every call of connect_user with a new socket returns an id that no other connection has, whether of the same user or of another one.",
        connection_ids_unique,
    )
    .virtual_only(),
    Case::must(
        "second-connection-keeps-first",
        Group::Connection,
        &["connect_user", "send_to_user"],
        "A user who connects a second time, from another tab or device, keeps the first connection: both get what is sent to the user.",
        second_connection_keeps_first,
    ),
    Case::must(
        "disconnect-only-that-socket",
        Group::Connection,
        DISCONNECT,
        "disconnect_user ends the connection on this socket alone, and closes the socket with 1000 (RFC 6455, section 7.4.1); the user's other connections stay.",
        disconnect_only_that_socket,
    )
    .virtual_only(),
    Case::must(
        "disconnect-repeated",
        Group::Connection,
        DISCONNECT,
        "Disconnecting a socket that is disconnected already is no error and changes nothing.",
        disconnect_repeated,
    )
    .virtual_only(),
    Case::must(
        "disconnect-foreign-user",
        Group::Connection,
        DISCONNECT,
        "disconnect_user with the socket of another user leaves that user's connection alone.",
        disconnect_foreign_user,
    )
    .virtual_only(),
    Case::must(
        "same-socket-twice",
        Group::Connection,
        CONNECT,
        "Connecting one socket twice for one user makes one connection: a message to the user is written to it once.",
        same_socket_twice,
    )
    .virtual_only(),
    Case::must(
        "reconnect-after-disconnect",
        Group::Connection,
        &["connect_user", "disconnect_user"],
        "A user who disconnected can connect again with a new socket, and gets messages there and only there.",
        reconnect_after_disconnect,
    )
    .virtual_only(),
    Case::must(
        "connection-id-not-reused",
        Group::Connection,
        CONNECT,
        "The id of a connection that has ended is never given to a later one: whoever kept the old id must not reach somebody else.",
        connection_id_not_reused,
    )
    .virtual_only(),
];

fn check_unique(ids: &[Value]) -> Judged {
    let missing = ids.iter().any(Value::is_null);
    ensure(!missing, "`connect_user` returns the id of the connection", "null")?;
    for (at, id) in ids.iter().enumerate() {
        let twin = ids[..at].iter().position(|earlier| earlier == id);
        if let Some(twin) = twin {
            return Err(Stop::failed(
                "every connection has an id of its own",
                format!("connections {} and {} are both {}", twin + 1, at + 1, shown(id)),
            ));
        }
    }
    Ok(())
}

fn connection_ids_unique(world: &mut World<'_>) -> Judged {
    let mut ids = Vec::new();
    for user in ["u1", "u2", "u1", "u3", "u1"] {
        ids.push(world.connect(user)?.id);
    }
    check_unique(&ids)
}

fn second_connection_keeps_first(world: &mut World<'_>) -> Judged {
    let first = world.connect("u1")?;
    let second = world.connect("u1")?;
    let message = json!({ "type": "to-both" });
    world.check_send("u1", &message, true)?;
    world.settle()?;
    world.check_received(&second, std::slice::from_ref(&message))?;
    world.check_received(&first, &[message])
}

fn disconnect_only_that_socket(world: &mut World<'_>) -> Judged {
    let first = world.connect("u1")?;
    let second = world.connect("u1")?;
    let third = world.connect("u1")?;
    world.disconnect("u1", &second)?;
    world.settle()?;
    let message = json!({ "type": "to-the-rest" });
    world.check_send("u1", &message, true)?;
    world.settle()?;
    world.check_received(&second, &[])?;
    world.check_received(&first, std::slice::from_ref(&message))?;
    world.check_received(&third, &[message])?;
    let codes = world.close_codes(&second);
    ensure(codes == [1000], "the socket is closed once, with 1000", format!("it is closed with {codes:?}"))?;
    let others = [world.close_codes(&first), world.close_codes(&third)].concat();
    ensure(others.is_empty(), "the user's other sockets stay open", format!("closed with {others:?}"))
}

fn disconnect_repeated(world: &mut World<'_>) -> Judged {
    let first = world.connect("u1")?;
    let other = world.connect("u1")?;
    world.disconnect("u1", &first)?;
    world.settle()?;
    world.disconnect("u1", &first)?;
    world.settle()?;
    world.disconnect("u1", &first)?;
    world.settle()?;
    let codes = world.close_codes(&first);
    ensure(codes.len() <= 1, "a socket is closed once", format!("it is closed with {codes:?}"))?;
    world.check_works(&other)
}

fn disconnect_foreign_user(world: &mut World<'_>) -> Judged {
    let theirs = world.connect("u1")?;
    let own = world.connect("u2")?;
    // Raising is as good as doing nothing.
    let _ = world.call(crate::conformance::lines::Call::DisconnectUser {
        user_id: "u2".to_owned(),
        socket: theirs.socket.clone(),
        node: 0,
    })?;
    world.settle()?;
    world.check_works(&theirs)?;
    world.check_works(&own)
}

fn same_socket_twice(world: &mut World<'_>) -> Judged {
    let peer = world.connect("u1")?;
    // Raising is as good as doing nothing.
    let _ = world.connect_again("u1", &peer, None)?;
    let message = json!({ "type": "once" });
    world.check_send("u1", &message, true)?;
    world.settle()?;
    world.check_received(&peer, &[message])
}

fn reconnect_after_disconnect(world: &mut World<'_>) -> Judged {
    let old = world.connect("u1")?;
    world.disconnect("u1", &old)?;
    world.settle()?;
    let new = world.connect("u1")?;
    let message = json!({ "type": "welcome-back" });
    world.check_send("u1", &message, true)?;
    world.settle()?;
    world.check_received(&new, &[message])?;
    world.check_received(&old, &[])
}

fn connection_id_not_reused(world: &mut World<'_>) -> Judged {
    let mut ids = Vec::new();
    for round in 0..12 {
        let peer = world.connect(if round % 3 == 0 { "u2" } else { "u1" })?;
        world.disconnect(&peer.user, &peer)?;
        world.settle()?;
        ids.push(peer.id);
    }
    check_unique(&ids)
}
