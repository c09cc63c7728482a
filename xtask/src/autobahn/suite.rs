//! The suite itself: a Python 2.7 package, installed under `target/autobahn`, and its server.

use super::verdicts::Verdicts;
use crate::context::Context;
use crate::process::{Done, run, succeeds};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PACKAGE: &str = "autobahntestsuite==25.10.1";
const INSTALLING: Duration = Duration::from_secs(1200);

/// A Python 2.7, from PATH or of pyenv. The suite was never ported to Python 3.
pub(crate) fn python27() -> Option<PathBuf> {
    let in_path = ["python2.7", "python2"].map(PathBuf::from).into_iter();
    in_path.chain(pyenv()).find(|program| is_python27(program))
}

/// Whether the suite is there and runs.
pub(crate) fn is_installed(context: &Context) -> bool {
    let program = "import site, sys; site.addsitedir(sys.argv[1])\n\
                   import pkg_resources as p; p.working_set.add_entry(sys.argv[1])\n\
                   p.get_distribution(sys.argv[2])\n\
                   import autobahntestsuite.fuzzing";
    let packages = packages(context);
    let packages = packages.to_string_lossy();
    python27().is_some_and(|python| succeeds(python, &["-c", program, &packages, PACKAGE]))
}

/// Installs the suite into a folder of its own: the interpreter's packages stay as they are.
pub(crate) fn install(context: &Context) -> Done {
    println!("installing {PACKAGE}");
    let Some(python) = python27() else { return Done::failed("there is no Python 2.7") };
    let packages = packages(context);
    // Left from an attempt that was broken off.
    let _ = fs::remove_dir_all(&packages);
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]);
    pip.arg(packages).arg(PACKAGE);
    run(&mut pip, &context.work.join("logs/setup-autobahn.log"), INSTALLING)
}

/// Where the server writes its reports.
pub(crate) fn reports(context: &Context) -> PathBuf {
    home(context).join("reports")
}

/// The running server; it ends with this value.
pub(super) struct Server {
    child: Child,
    port: String,
    results: PathBuf,
}

impl Server {
    /// Starts it and waits until it listens.
    pub(super) fn start(context: &Context, cases: &[String]) -> Result<Self, String> {
        let reports = reports(context);
        // A run that is broken off must not be judged by the reports of an earlier one.
        let _ = fs::remove_dir_all(&reports);
        let log = context.work.join("logs/autobahn-server.log");
        let log = fs::create_dir_all(&reports).and_then(|()| File::create(log));
        let log = log.map_err(|error| format!("{}: {error}", reports.display()))?;
        let python = python27().ok_or("there is no Python 2.7")?;
        let mut command = context.command(python);
        command.env_remove("PYTHONPATH").arg("autobahn/fuzzingserver.py");
        command.arg(packages(context)).arg(&reports).args(cases);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let child = command.spawn().map_err(|error| format!("Python 2.7: {error}"))?;
        let results = reports.join("results.json");
        let mut server = Self { child, port: String::new(), results };
        if let Some(output) = server.child.stdout.take() {
            let mut line = String::new();
            let read = BufReader::new(output).read_line(&mut line);
            read.map_err(|error| format!("fuzzing server: {error}"))?;
            server.port = line.trim().into();
        }
        if server.port.is_empty() {
            return Err("the fuzzing server does not start: see logs/autobahn-server.log".into());
        }
        Ok(server)
    }

    pub(super) fn port(&self) -> &str {
        &self.port
    }

    /// The verdicts, once the client has asked for the reports.
    pub(super) fn results(&self) -> Result<Verdicts, String> {
        let results = self.results.display();
        let text = fs::read_to_string(&self.results);
        let text = text.map_err(|error| format!("{results}: {error}"))?;
        Verdicts::parse(&text).ok_or_else(|| format!("{results} cannot be read"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends with its standard input; nothing is lost when it is made to.
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn home(context: &Context) -> PathBuf {
    context.target.join("autobahn")
}

fn packages(context: &Context) -> PathBuf {
    home(context).join("packages")
}

fn pyenv() -> Vec<PathBuf> {
    let Ok(root) = Command::new("pyenv").arg("root").output() else { return Vec::new() };
    let root = String::from_utf8_lossy(&root.stdout).into_owned();
    let versions = fs::read_dir(Path::new(root.trim()).join("versions"));
    let mut found: Vec<PathBuf> =
        versions.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.retain(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("2.7"))
    });
    found.iter().map(|path| path.join("bin/python2.7")).collect()
}

fn is_python27(program: &Path) -> bool {
    succeeds(program, &["-c", "import sys; sys.exit(sys.version_info[:2] != (2, 7))"])
}
