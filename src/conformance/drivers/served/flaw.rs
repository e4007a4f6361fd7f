//! What is wrong with a server: in its settings, or in what stands between it and its clients.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// What is wrong with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// It believes the user that a client claims to be.
    BelievesClaims,
    /// It lets pages of a foreign origin in.
    ForeignOrigins,
    /// This close code reaches clients as 1000.
    ClosesAs1000(u16),
    /// A reset ends all connections.
    ResetEndsAll,
    /// Clients are written to in turn: one that reads nothing holds up the others.
    WritesInTurn,
}

impl Flaw {
    /// Where clients connect, so that the flaw shows.
    pub(super) async fn before(self, server: SocketAddr) -> std::io::Result<SocketAddr> {
        match self {
            Self::None | Self::BelievesClaims | Self::ForeignOrigins => return Ok(server),
            Self::ClosesAs1000(_) | Self::ResetEndsAll | Self::WritesInTurn => {}
        }
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(pass_on(listener, server, self));
        Ok(address)
    }
}

/// Passes on what clients and server write, until one reset ends all where that is the flaw.
async fn pass_on(listener: TcpListener, server: SocketAddr, flaw: Flaw) {
    let (turn, is_over) = (Arc::new(Mutex::new(())), CancellationToken::new());
    while let Ok((client, _)) = listener.accept().await {
        let Ok(upstream) = TcpStream::connect(server).await else { return };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = upstream.into_split();
        let (turn, over) = (turn.clone(), is_over.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = upwards(from_client, to_server, flaw, &over) => {}
                () = downwards(from_server, to_client, flaw, &turn) => {}
                () = over.cancelled() => {}
            }
        });
    }
}

async fn upwards(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, flaw: Flaw, over: &CancellationToken) {
    let mut piece = vec![0; 16 << 10];
    loop {
        match from.read(&mut piece).await {
            Ok(0) => return,
            Ok(count) if to.write_all(&piece[..count]).await.is_ok() => {}
            Ok(_) => return,
            Err(_reset) => {
                if flaw == Flaw::ResetEndsAll {
                    over.cancel();
                }
                return;
            }
        }
    }
}

async fn downwards(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, flaw: Flaw, turn: &Mutex<()>) {
    let mut piece = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        if let Flaw::ClosesAs1000(code) = flaw {
            change_code(&mut piece[..count], code);
        }
        let own_turn = if flaw == Flaw::WritesInTurn { Some(turn.lock().await) } else { None };
        if to.write_all(&piece[..count]).await.is_err() {
            return;
        }
        drop(own_turn);
    }
}

/// A close of a server is `88`, its length, its code (RFC 6455, section 5.5.1).
fn change_code(bytes: &mut [u8], code: u16) {
    let [high, low] = code.to_be_bytes();
    let at = bytes.windows(4).position(|found| found[0] == 0x88 && found[2..] == [high, low]);
    if let Some(at) = at {
        bytes[at + 2..at + 4].copy_from_slice(&1000_u16.to_be_bytes());
    }
}
