//! A run that is interrupted leaves no process and no file behind.

use std::path::PathBuf;

use crate::conformance::end_all_processes;

/// Ends every driver, removes this folder, then ends this process, when it is asked to end.
pub(super) fn watch_for_interrupts(folder: PathBuf) {
    let watching = std::thread::Builder::new().name("interrupts".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        if let Ok(code) = runtime.and_then(|runtime| runtime.block_on(interrupted())) {
            end_all_processes();
            // Whatever is left of it is in the system's temporary folder.
            let _ = std::fs::remove_dir_all(folder);
            std::process::exit(code);
        }
    });
    // Without it, drivers still end with their standard input.
    drop(watching);
}

/// The exit code by which shells tell of the signal that came.
async fn interrupted() -> std::io::Result<i32> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminated.recv() => 143,
        _ = hung_up.recv() => 129,
        _ = interrupted.recv() => 130,
    })
}
