//! `ssot serve` as it is called: settings that would let anybody in, or nobody, are refused with what to do.

mod support;

use support::{command, finish, folder};

#[track_caller]
fn check(arguments: &[&str], variables: &[(&str, &str)], words: &[&str]) {
    let made = folder(&[("key", "0123456789012345678901234567890123\n"), ("short", "guess\n")]);
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
}

#[test]
fn an_address_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let made = folder(&[]);
    let run = finish(command(made.path()).args(["serve", "--insecure-dev", "--listen", &address]));
    run.expect_refusal(&["cannot listen on", &address]);
}
