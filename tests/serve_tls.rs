//! The server behind a certificate of its own making: clients that trust it come in, others do not, and nobody is kept waiting.

mod serving;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use serving::{CONTROL, next_json, start, trusting};
use ssot::manager::server::{Settings, Tls, TlsError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A certificate for `localhost`, signed by itself, with what trusts it.
fn certificate() -> (Tls, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let tls = Tls::from_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes());
    (tls.expect("usable"), trusting_only(made.cert.der()))
}

fn trusting_only(certificate: &CertificateDer<'static>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

async fn secured(
    address: std::net::SocketAddr,
    connector: &TlsConnector,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    connector.connect(ServerName::try_from("localhost").expect("a name"), stream).await
}

#[tokio::test]
async fn a_client_that_trusts_the_certificate_is_served_and_nobody_else() {
    let (tls, connector) = certificate();
    let server =
        start(Settings { tls: Some(tls), handshake_deadline: Duration::from_secs(1), ..trusting() }).await;
    let stream = secured(server.address, &connector).await.expect("secured");
    let (mut client, _) =
        tokio_tungstenite::client_async("ws://localhost/ws?user_id=u", stream).await.expect("a connection");
    let body = json!({"user_id": "u", "message": 1}).to_string();
    let mut control = secured(server.address, &connector).await.expect("secured");
    let request = format!(
        "POST /control/v1/send_to_user HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {CONTROL}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    control.write_all(request.as_bytes()).await.expect("written");
    let mut answer = String::new();
    control.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.ends_with("{\"queued\":true}"), "{answer}");
    assert_eq!(next_json(&mut client).await, json!(1));

    let (_, other) = certificate();
    assert!(secured(server.address, &other).await.is_err(), "a certificate that nobody vouches for");
    let mut plain = TcpStream::connect(server.address).await.expect("a connection");
    plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("written");
    let mut answer = Vec::new();
    // An alert, or nothing; no answer in clear text.
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    let mut silent = TcpStream::connect(server.address).await.expect("a connection");
    let ended = tokio::time::timeout(Duration::from_secs(5), silent.read(&mut [0; 8])).await;
    assert!(matches!(ended, Ok(Ok(0) | Err(_))), "who says nothing is not waited for: {ended:?}");
    server.stop().await;
}

#[test]
fn what_is_no_certificate_says_what_it_lacks() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let from = |cert: &str, key: &str| Tls::from_pem(cert.as_bytes(), key.as_bytes()).expect_err("unusable");
    assert!(matches!(from("", &key), TlsError::Certificate(_)));
    assert!(matches!(from(&key, &key), TlsError::Certificate(_)));
    assert!(matches!(from(&cert, &cert), TlsError::Key(_)));
    assert!(matches!(from(&cert, &other.signing_key.serialize_pem()), TlsError::Unusable(_)));
}
