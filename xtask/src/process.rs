//! Running other programs, with their output kept and an end to all patience.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What became of a program.
pub(crate) struct Done {
    /// It ended by itself, with exit code 0.
    pub(crate) ok: bool,
    /// Standard output and standard error as they came.
    pub(crate) output: String,
}

impl Done {
    /// A program that did not even start.
    pub(crate) fn failed(why: impl Into<String>) -> Self {
        Self { ok: false, output: why.into() }
    }
}

/// Runs a program to its end, at most `patience`; the output goes to the file `log` meanwhile.
pub(crate) fn run(command: &mut Command, log: &Path, patience: Duration) -> Done {
    match attempt(command, log, patience) {
        Ok(ending) => {
            let bytes = std::fs::read(log).unwrap_or_default();
            let mut output = String::from_utf8_lossy(&bytes).into_owned();
            if let Some(ending) = &ending {
                output += &format!("\n[{:?}: {ending}]\n", command.get_program());
            }
            Done { ok: ending.is_none(), output }
        }
        Err(error) => Done::failed(format!("{:?}: {error}\n", command.get_program())),
    }
}

/// `None` for exit code 0, else how it ended.
fn attempt(command: &mut Command, log: &Path, patience: Duration) -> io::Result<Option<String>> {
    if let Some(dir) = log.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let file = File::create(log)?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let mut child = command.spawn()?;
    let deadline = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(if status.success() { None } else { Some(status.to_string()) });
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            return Ok(Some(format!("ended after {} s", patience.as_secs())));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a program runs and answers with exit code 0; its output is dropped.
pub(crate) fn succeeds(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The first program of this name in PATH.
pub(crate) fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, patience: Duration) -> Done {
        let unique = format!("openck-xtask-{}-{}", std::process::id(), script.len());
        let log = std::env::temp_dir().join(unique);
        let done = run(Command::new("sh").args(["-c", script]), &log, patience);
        std::fs::remove_file(log).unwrap();
        done
    }

    #[test]
    fn output_and_ending_are_kept() {
        let done = shell("echo out; echo err >&2", Duration::from_secs(60));
        assert!(done.ok && done.output == "out\nerr\n", "{}", done.output);
        let done = shell("echo out; exit 3", Duration::from_secs(60));
        assert!(!done.ok && done.output.contains("exit status: 3"), "{}", done.output);
    }

    #[test]
    fn patience_ends() {
        let done = shell("echo out; exec sleep 60", Duration::from_millis(300));
        assert!(!done.ok && done.output.contains("ended after"), "{}", done.output);
    }
}
