//! Text that is no UTF-8 is found out at its first bad byte, not when its frame is complete (RFC 6455, section 8.1): a client
//! that sends nonsense is not listened to until the end of it.
//!
//! Watches the bytes on their way to the library that reads the protocol, and judges nothing else of them.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream whose incoming frames are watched.
#[derive(Debug)]
pub(super) struct Watched<S> {
    inner: S,
    watch: Watch,
}

impl<S> Watched<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, watch: Watch::default() }
    }
}

/// The error of a stream that holds text which is no UTF-8.
const NO_UTF8: ErrorKind = ErrorKind::InvalidData;

/// Whether an error says that there was text which is no UTF-8.
pub(super) fn is_no_utf8(error: &Error) -> bool {
    error.kind() == NO_UTF8
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.inner).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = polled
            && !this.watch.see(&buffer.filled()[before..])
        {
            return Poll::Ready(Err(Error::new(NO_UTF8, "text that is no UTF-8")));
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

/// Where in a frame the stream is (RFC 6455, section 5.2).
#[derive(Debug, Default)]
struct Watch {
    /// Bytes of a head that is not complete.
    head: Vec<u8>,
    /// Bytes of payload that are still to come.
    left: u64,
    mask: [u8; 4],
    /// Bytes of this payload that were seen.
    seen: usize,
    /// Whether this payload is text.
    is_text: bool,
    /// Whether the message whose fragments come is text.
    is_text_message: bool,
    /// The beginning of a character whose end is still to come: at most three bytes.
    begun: Vec<u8>,
}

impl Watch {
    /// Looks at bytes that came; false where text is no UTF-8.
    fn see(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            if self.left == 0 {
                let (first, rest) = bytes.split_at(1);
                self.head.extend_from_slice(first);
                bytes = rest;
                self.begin();
                continue;
            }
            let here = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
            let (payload, rest) = bytes.split_at(here);
            let is_good = !self.is_text || self.is_utf8(payload);
            self.seen = self.seen.wrapping_add(here);
            self.left -= here as u64;
            bytes = rest;
            if !is_good {
                return false;
            }
        }
        true
    }

    /// Begins the payload, if the head is complete.
    fn begin(&mut self) {
        let &[first, second, ref more @ ..] = self.head.as_slice() else { return };
        let is_masked = second & 0x80 != 0;
        let length_bytes = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        if more.len() < length_bytes + if is_masked { 4 } else { 0 } {
            return;
        }
        let (length, mask) = more.split_at(length_bytes);
        self.left = match length_bytes {
            0 => u64::from(second & 0x7f),
            _ => length.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
        };
        self.mask = mask.try_into().unwrap_or_default();
        self.seen = 0;
        let opcode = first & 0x0f;
        // Control frames (8 and above) may stand between the fragments of a message.
        match opcode {
            0 => self.is_text = self.is_text_message,
            1 | 2 => {
                self.is_text_message = opcode == 1;
                self.is_text = self.is_text_message;
                self.begun.clear();
            }
            _ => self.is_text = false,
        }
        self.head.clear();
    }

    fn is_utf8(&mut self, payload: &[u8]) -> bool {
        let mut text = std::mem::take(&mut self.begun);
        let plain =
            payload.iter().enumerate().map(|(at, byte)| byte ^ self.mask[(self.seen.wrapping_add(at)) % 4]);
        text.extend(plain);
        match std::str::from_utf8(&text) {
            Ok(_) => true,
            Err(error) if error.error_len().is_none() => {
                self.begun = text[error.valid_up_to()..].to_vec();
                true
            }
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let masked = payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]);
        let length: Vec<u8> = match payload.len() {
            short @ 0..126 => vec![0x80 | short as u8],
            long => [&[0xfe][..], &(long as u16).to_be_bytes()].concat(),
        };
        [&[first][..], &length, &mask, &masked.collect::<Vec<u8>>()].concat()
    }

    /// After how many bytes, coming so many at a time, a stream is found to be bad.
    fn bad_after(bytes: &[u8], at_a_time: usize) -> Option<usize> {
        let mut watch = Watch::default();
        let mut seen = 0;
        for part in bytes.chunks(at_a_time) {
            seen += part.len();
            if !watch.see(part) {
                return Some(seen);
            }
        }
        None
    }

    #[test]
    fn bad_text_is_found_at_its_first_bad_byte_wherever_the_stream_is_cut() {
        let long = "é€😀".repeat(100);
        let good = [
            frame(0x81, long.as_bytes()),
            frame(0x82, b"\xff\xfe"),
            frame(0x01, &long.as_bytes()[..200]),
            frame(0x89, b"\xff"),
            frame(0x80, &long.as_bytes()[200..]),
            frame(0x81, b""),
            frame(0x88, b"\x03\xe8"),
        ]
        .concat();
        for at_a_time in [1, 2, 3, 7, 64, 5_000] {
            assert_eq!(bad_after(&good, at_a_time), None, "{at_a_time} at a time");
        }
        let bad = [good.clone(), frame(0x81, b"abc\xf4\x90\x80\x80 and more")].concat();
        assert_eq!(bad_after(&bad, 1), Some(good.len() + 2 + 4 + 5));
        // A beginning that the next message does not end.
        let cut = [frame(0x01, b"\xe2\x82"), frame(0x80, b"x")].concat();
        assert_eq!(bad_after(&cut, 1), Some(cut.len()));
    }
}
