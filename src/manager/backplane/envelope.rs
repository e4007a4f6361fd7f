//! What one node tells others, and its form on a bus: a line of JSON, and behind it the text that clients get.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tungstenite::Utf8Bytes;

use super::Topic;

/// Something for a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Whom it is for.
    pub topic: Topic,
    /// The node that says it.
    pub from: Arc<str>,
    /// What it says.
    pub content: Content,
}

/// What a node tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Queue this for whoever the topic means, but for these users.
    Text {
        /// The message.
        text: Utf8Bytes,
        /// Users that are left out.
        exclude: Vec<String>,
    },
    /// A run is bound to a thread, or to none any more.
    Bind {
        /// The run.
        run: String,
        /// The thread.
        thread: Option<String>,
    },
    /// Something that only the connection's node can do or say; answered by [`Content::Answer`].
    Ask {
        /// Tells the answer from others.
        number: u64,
        /// The connection that it is about.
        connection: String,
        /// What is asked.
        question: Question,
    },
    /// The answer to what was asked.
    Answer {
        /// Which question.
        number: u64,
        /// What it says.
        is_so: bool,
    },
}

/// What can be asked of a connection's node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Queue this; was it?
    Send(Utf8Bytes),
    /// Is the connection healthy?
    IsHealthy,
    /// End it; was there one?
    Disconnect,
}

/// Something on the bus that no node of this version wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot be read: {0}")]
pub struct Unreadable(pub String);

/// The version of this form.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Head {
    v: u32,
    from: Arc<str>,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
enum Kind {
    Text {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        exclude: Vec<String>,
    },
    Bind {
        run: String,
        thread: Option<String>,
    },
    Send {
        number: u64,
        connection: String,
    },
    IsHealthy {
        number: u64,
        connection: String,
    },
    Disconnect {
        number: u64,
        connection: String,
    },
    Answer {
        number: u64,
        is_so: bool,
    },
}

impl Envelope {
    /// As it is on a bus; the topic is said by where it is published.
    pub(super) fn encode(&self) -> Vec<u8> {
        let (kind, text) = match &self.content {
            Content::Text { text, exclude } => (Kind::Text { exclude: exclude.clone() }, Some(text)),
            Content::Bind { run, thread } => (Kind::Bind { run: run.clone(), thread: thread.clone() }, None),
            Content::Ask { number, connection, question } => {
                let (number, connection) = (*number, connection.clone());
                match question {
                    Question::Send(text) => (Kind::Send { number, connection }, Some(text)),
                    Question::IsHealthy => (Kind::IsHealthy { number, connection }, None),
                    Question::Disconnect => (Kind::Disconnect { number, connection }, None),
                }
            }
            Content::Answer { number, is_so } => (Kind::Answer { number: *number, is_so: *is_so }, None),
        };
        let head = Head { v: VERSION, from: self.from.clone(), kind };
        // Texts, numbers and keys of text: there is nothing in it that has no JSON.
        let mut bytes = serde_json::to_vec(&head).unwrap_or_default();
        bytes.push(b'\n');
        bytes.extend_from_slice(text.map_or(&[], |text| text.as_bytes()));
        bytes
    }

    /// Reads what was published to a topic.
    pub(super) fn decode(topic: Topic, bytes: &[u8]) -> Result<Self, Unreadable> {
        let unreadable = |why: &dyn std::fmt::Display| Unreadable(why.to_string());
        let end = memchr::memchr(b'\n', bytes).ok_or_else(|| unreadable(&"no head"))?;
        let head: Head = serde_json::from_slice(&bytes[..end]).map_err(|error| unreadable(&error))?;
        if head.v != VERSION {
            return Err(unreadable(&format!("version {} where {VERSION} is understood", head.v)));
        }
        let text = || -> Result<Utf8Bytes, Unreadable> {
            let text = std::str::from_utf8(&bytes[end + 1..]).map_err(|error| unreadable(&error))?;
            Ok(Utf8Bytes::from(text))
        };
        let content = match head.kind {
            Kind::Text { exclude } => Content::Text { text: text()?, exclude },
            Kind::Bind { run, thread } => Content::Bind { run, thread },
            Kind::Send { number, connection } => {
                Content::Ask { number, connection, question: Question::Send(text()?) }
            }
            Kind::IsHealthy { number, connection } => {
                Content::Ask { number, connection, question: Question::IsHealthy }
            }
            Kind::Disconnect { number, connection } => {
                Content::Ask { number, connection, question: Question::Disconnect }
            }
            Kind::Answer { number, is_so } => Content::Answer { number, is_so },
        };
        Ok(Self { topic, from: head.from, content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let number = 7;
        let ask = |question| Content::Ask { number, connection: "c".to_owned(), question };
        let contents = [
            Content::Text { text: "{\"a\":\n1}".into(), exclude: vec!["u\n".to_owned()] },
            Content::Text { text: "".into(), exclude: Vec::new() },
            Content::Bind { run: "r".to_owned(), thread: Some("t".to_owned()) },
            Content::Bind { run: "r".to_owned(), thread: None },
            ask(Question::Send("text".into())),
            ask(Question::IsHealthy),
            ask(Question::Disconnect),
            Content::Answer { number, is_so: true },
        ];
        for content in contents {
            let envelope = Envelope { topic: Topic::All, from: "n".into(), content };
            assert_eq!(Envelope::decode(Topic::All, &envelope.encode()), Ok(envelope));
        }
    }

    #[test]
    fn what_nobody_wrote_is_unreadable_and_says_why() {
        #[track_caller]
        fn check(bytes: &[u8], word: &str) {
            let error = Envelope::decode(Topic::All, bytes).expect_err("unreadable").to_string();
            assert!(error.contains(word), "{error}");
        }
        check(b"", "no head");
        check(b"nonsense\n", "expected");
        check(br#"{"v":2,"from":"n","kind":"text"}"#, "no head");
        check(b"{\"v\":2,\"from\":\"n\",\"kind\":\"text\"}\n", "version 2");
        check(b"{\"v\":1,\"from\":\"n\",\"kind\":\"text\"}\n\xff", "utf-8");
        check(b"{\"v\":1,\"from\":\"n\",\"kind\":\"dance\"}\n", "dance");
    }
}
