//! A driver as a child process with a process group of its own.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::groups::{end_group, record_group};
use super::{Channel, Incoming, LINE_BYTES, Life};

/// How a driver is called.
#[derive(Debug, Clone)]
pub(in crate::conformance) struct CommandLine {
    pub(in crate::conformance) program: OsString,
    pub(in crate::conformance) arguments: Vec<OsString>,
    pub(in crate::conformance) variables: Vec<(OsString, OsString)>,
    pub(in crate::conformance) folder: Option<PathBuf>,
}

/// Bytes of standard error that are kept.
const TAIL_BYTES: usize = 64 << 10;

/// Lines that wait to be looked at; a driver that writes more has to wait itself.
const WAITING_LINES: usize = 16;

/// How long what a driver wrote to standard error before it ended may take to arrive.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Starts a driver.
///
/// # Errors
/// When there is no such program, or no thread for its lines.
pub(in crate::conformance) fn start_child(line: &CommandLine) -> Result<Channel, String> {
    let mut command = Command::new(&line.program);
    command.args(&line.arguments).envs(line.variables.iter().cloned());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    if let Some(folder) = &line.folder {
        command.current_dir(folder);
    }
    let mut child = command
        .spawn()
        .map_err(|error| format!("cannot start `{}`: {error}", line.program.to_string_lossy()))?;
    record_group(child.id());
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let tail = Arc::new(Mutex::new(Tail::default()));
    let life = Process { child, tail: tail.clone() };
    let (to, requests) = channel();
    let (sink, from) = sync_channel(WAITING_LINES);
    let threads = [
        stdin.map(|pipe| serve("driver-stdin", move || write_lines(pipe, &requests))),
        stdout.map(|pipe| serve("driver-stdout", move || read_lines(pipe, &sink))),
        stderr.map(|pipe| serve("driver-stderr", move || keep_tail(pipe, &tail))),
    ];
    for thread in threads.into_iter().flatten() {
        thread?;
    }
    Ok(Channel { to, from, life: Box::new(life) })
}

/// Runs until its pipe breaks; killing the process breaks it.
fn serve(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(drop).map_err(|error| format!("cannot start a thread: {error}"))
}

fn write_lines(mut pipe: ChildStdin, requests: &Receiver<String>) {
    for mut line in requests {
        line.push('\n');
        if pipe.write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}

fn read_lines(pipe: impl Read, sink: &SyncSender<Incoming>) {
    let mut reader = BufReader::with_capacity(64 << 10, pipe);
    loop {
        let mut bytes = Vec::new();
        let incoming = match reader.by_ref().take(LINE_BYTES as u64 + 1).read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(_) if bytes.len() > LINE_BYTES => {
                Incoming::Unreadable(format!("a line of more than {} MiB", LINE_BYTES >> 20))
            }
            Ok(_) => match String::from_utf8(bytes) {
                Ok(line) => Incoming::Line(line.trim_end_matches(['\r', '\n']).to_owned()),
                Err(error) => Incoming::Unreadable(format!("a line that is no UTF-8: {error}")),
            },
        };
        if sink.send(incoming).is_err() {
            return;
        }
    }
}

/// The last bytes of a stream.
#[derive(Debug, Default)]
struct Tail {
    bytes: VecDeque<u8>,
    seen: u64,
    is_over: bool,
}

fn keep_tail(mut pipe: impl Read, tail: &Mutex<Tail>) {
    let mut piece = vec![0; 64 << 10];
    loop {
        let read = pipe.read(&mut piece);
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(0) | Err(_) => {
                tail.is_over = true;
                return;
            }
            Ok(count) => {
                tail.seen += count as u64;
                tail.bytes.extend(&piece[..count]);
                let surplus = tail.bytes.len().saturating_sub(TAIL_BYTES);
                tail.bytes.drain(..surplus);
            }
        }
    }
}

struct Process {
    child: Child,
    tail: Arc<Mutex<Tail>>,
}

impl Life for Process {
    fn end(&mut self) {
        end_group(self.child.id());
        let _ = self.child.wait();
    }

    fn last_words(&mut self) -> String {
        let ended_by_itself = self.wait_a_moment();
        self.end();
        let until = Instant::now() + LAST_WORDS;
        while !self.tail().is_over && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        let how = ended_by_itself.map_or("it was killed".to_owned(), |status| format!("it ended: {status}"));
        let mut tail = self.tail();
        if tail.seen == 0 {
            return format!("{how}; it wrote nothing to standard error");
        }
        let text = String::from_utf8_lossy(tail.bytes.make_contiguous()).into_owned();
        format!("{how}; of {} bytes on standard error the last are\n{}", tail.seen, text.trim_end())
    }
}

impl Process {
    fn tail(&self) -> std::sync::MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it ended, where it does so by itself: its output may be over before it is.
    fn wait_a_moment(&mut self) -> Option<std::process::ExitStatus> {
        let until = Instant::now() + LAST_WORDS;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(2)),
                Ok(None) | Err(_) => return None,
            }
        }
    }
}
