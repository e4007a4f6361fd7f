//! `ssot serve` as it is called: settings that would let anybody in, or nobody, are refused with what to do.

mod support;

use support::{command, finish, folder};

/// Settings as a team would keep them.
const CONFIG: &str = "tokens = \"HS256\"
token-key-file = \"key\"
origin = [\"https://a.example.org\", \"https://b.example.org\"]
overflow = \"drop-oldest\"
resume = 60
backplane = \"redis://127.0.0.1:6379\"
log = \"json\"
";

#[track_caller]
fn check(arguments: &[&str], variables: &[(&str, &str)], words: &[&str]) {
    let made = folder(&[
        ("key", "0123456789012345678901234567890123\n"),
        ("short", "guess\n"),
        ("etc/serve.toml", CONFIG),
        ("etc/key", "another secret of more than 32 bytes\n"),
        ("wrong.toml", "insecure-dev = true\nqueeu = 7\n"),
        ("bad.toml", "insecure-dev = true\noverflow = \"explode\"\n"),
    ]);
    let mut called = command(made.path());
    called.args(["serve", "--check-config"]).args(arguments).env_remove("SSOT_TOKEN_KEY");
    called.env_remove("SSOT_CONTROL_TOKEN").envs(variables.iter().copied());
    let run = finish(&mut called);
    if words.is_empty() {
        run.expect_code(0);
        assert!(run.stderr.contains("the settings are good"), "{}", run.stderr);
    } else {
        run.expect_refusal(words);
    }
}

#[test]
fn good_settings_are_good() {
    check(&["--insecure-dev"], &[], &[]);
    check(&["--tokens", "HS256", "--token-key-file", "key", "--audience", "chat"], &[], &[]);
    let secret = [
        ("SSOT_TOKEN_KEY", "0123456789012345678901234567890123"),
        ("SSOT_CONTROL_TOKEN", "0123456789abcdef"),
    ];
    check(&["--tokens", "hs256", "--origin", "https://a.example.org", "--listen", "0.0.0.0:1"], &secret, &[]);
}

#[test]
fn settings_come_from_flags_variables_and_a_file_in_this_order() {
    let file = ["--config", "etc/serve.toml"];
    check(&file, &[], &[]);
    check(&[], &[("SSOT_SERVE_CONFIG", "etc/serve.toml")], &[]);
    check(&[], &[("SSOT_TOKENS", "HS256"), ("SSOT_TOKEN_KEY_FILE", "key"), ("SSOT_PING", "5")], &[]);
    // The variable goes before the file, the flag before the variable.
    let variable = [("SSOT_TOKEN_KEY_FILE", "short")];
    check(&file, &variable, &["5 bytes", "at least 32"]);
    check(&[&file[..], &["--token-key-file", "key"]].concat(), &variable, &[]);
    check(
        &[],
        &[
            ("SSOT_ORIGIN", "https://a.example.org,nonsense"),
            ("SSOT_TOKENS", "HS256"),
            ("SSOT_TOKEN_KEY_FILE", "key"),
        ],
        &["`nonsense` is no origin"],
    );
    check(&["--config", "missing.toml"], &[], &["cannot read missing.toml"]);
    check(&["--config", "wrong.toml"], &[], &["wrong.toml:2", "unknown field `queeu`", "names of the flags"]);
    check(&["--config", "bad.toml"], &[], &["bad.toml", "explode", "drop-oldest"]);
}

#[test]
fn settings_that_let_anybody_in_or_nobody_are_refused() {
    check(&[], &[], &["nobody could connect", "--tokens"]);
    check(&["--insecure-dev", "--listen", "0.0.0.0:8765"], &[], &["lets anybody be anybody", "127.0.0.1"]);
    check(&["--insecure-dev", "--tokens", "HS256"], &[], &["cannot be used with"]);
    check(&["--tokens", "HS256"], &[], &["no key to check tokens with", "SSOT_TOKEN_KEY"]);
    check(&["--tokens", "HS256", "--token-key-file", "short"], &[], &["5 bytes", "at least 32"]);
    check(&["--tokens", "RS256", "--token-key-file", "key"], &[], &["no public key of this kind"]);
    check(&["--tokens", "HS256", "--token-key-file", "missing"], &[], &["cannot read missing"]);
    check(
        &["--insecure-dev", "--origin", "https://a.example.org/path"],
        &[],
        &["is no origin", "without a path"],
    );
    check(&["--insecure-dev", "--control-token-file", "short"], &[], &["can be guessed"]);
    check(&["--insecure-dev", "--queue", "0"], &[], &["--queue"]);
    let pem = [("SSOT_TOKEN_KEY", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----")];
    check(&["--tokens", "HS256"], &pem, &["needs a secret", "openssl"]);
    check(&["--insecure-dev", "--ping", "6148914691236517206"], &[], &["`ping`", "of a year at most"]);
    check(&["--insecure-dev", "--connections", "0"], &[], &["`connections` of 0"]);
    check(&["--tokens", "HS256", "--token-key-file", "key", "--audience", ""], &[], &["`audience` is empty"]);
    let lines = [("SSOT_CONTROL_TOKEN", "0123456789abcdef\n0123456789abcdef")];
    check(&["--insecure-dev"], &lines, &["no header can hold it"]);
    check(&["--audience", "chat"], &[], &["means nothing without --tokens"]);
    check(&["--insecure-dev", "--tls-cert", "key"], &[], &["--tls-key"]);
    check(&["--insecure-dev", "--tls-cert", "key", "--tls-key", "key"], &[], &["no certificate in PEM"]);
    check(&["--insecure-dev", "--backplane", "http://x"], &[], &["no address of a backplane", "redis://"]);
    let prefix = ["--insecure-dev", "--backplane", "redis://x", "--backplane-prefix", "a b"];
    check(&prefix, &[], &["`a b` is no prefix"]);
}

#[test]
fn an_address_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let made = folder(&[]);
    let run = finish(command(made.path()).args(["serve", "--insecure-dev", "--listen", &address]));
    run.expect_refusal(&["cannot listen on", &address]);
}

#[cfg(unix)]
#[test]
fn the_log_is_lines_of_json_that_hold_no_secret() {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::process::{Command, Stdio};

    let secret = "a-token-of-the-control-interface";
    let mut server = Command::new(assert_cmd::cargo::cargo_bin!("ssot"))
        .args(["serve", "--insecure-dev", "--listen", "127.0.0.1:0", "--log", "json", "--log-level", "debug"])
        .env("SSOT_CONTROL_TOKEN", secret)
        .stderr(Stdio::piped())
        .spawn()
        .expect("a server");
    let mut log = BufReader::new(server.stderr.take().expect("a log"));
    let mut line = String::new();
    log.read_line(&mut line).expect("a line");
    let first: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!((&first["level"], &first["message"]), (&"INFO".into(), &"listening".into()));
    let address = first["address"].as_str().and_then(|address| address.strip_prefix("ws://"));
    let address = address.and_then(|address| address.strip_suffix("/ws")).expect("an address");
    let mut client = std::net::TcpStream::connect(address).expect("a connection");
    let request =
        format!("GET /ws HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {secret}\r\nconnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).expect("written");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let ended = Command::new("kill").arg(server.id().to_string()).status().expect("kill");
    assert!(ended.success() && server.wait().expect("an end").success());
    let mut rest = String::new();
    log.read_to_string(&mut rest).expect("the rest");
    let lines: Vec<serde_json::Value> =
        rest.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let messages: Vec<&str> = lines.iter().filter_map(|line| line["message"].as_str()).collect();
    assert!(messages.contains(&"refused") && messages.last() == Some(&"ended"), "{messages:?}");
    assert!(!rest.contains(secret), "{rest}");
}
