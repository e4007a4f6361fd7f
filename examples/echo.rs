//! The server with `/echo`, for test suites of RFC 6455: `cargo run --release --example echo -- 127.0.0.1:9001`.

use ssot::manager::server::{Settings, run};
use tokio::net::TcpListener;

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let settings = Settings { has_echo: true, incoming_bytes: 64 << 20, ..Settings::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await?;
        run(listener, settings, std::future::pending()).await
    })
}
