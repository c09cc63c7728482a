//! Where things are, and the environment that every test program gets.

use crate::process::{self, Done};
use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Paths of the tree and of what was built.
pub(crate) struct Context {
    /// The root of the repository.
    pub(crate) root: PathBuf,
    /// The target directory.
    pub(crate) target: PathBuf,
    /// Scratch space of the commands, `target/xtask`.
    pub(crate) work: PathBuf,
    /// A folder with the library under its file name and under its soname.
    pub(crate) lib_dir: PathBuf,
    /// Running for a continuous integration: what cannot be tested is a failure.
    pub(crate) ci: bool,
}

/// How long one test program may take.
const PATIENCE: Duration = Duration::from_secs(600);

impl Context {
    /// Finds the tree and the target directory from the way cargo started this program.
    pub(crate) fn new() -> io::Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let manifest = manifest.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = parent(&manifest)?;
        // <target>/debug/xtask
        let target = parent(&parent(&env::current_exe()?)?)?;
        let work = target.join("xtask");
        let lib_dir = work.join("lib");
        let ci = env::var_os("CI").is_some_and(|value| !value.is_empty());
        Ok(Self { root, target, work, lib_dir, ci })
    }

    /// Builds the library and the test server (always for debugging), and fills `lib_dir`.
    pub(crate) fn build(&self, release: bool) -> Result<(), String> {
        println!("building the library: some minutes the first time");
        let both: &[&str] = &["--package", "openck", "--package", "openck-test-support"];
        self.cargo_build(both)?;
        if release {
            self.cargo_build(&["--package", "openck", "--release"])?;
        }
        self.stage(release).map_err(|error| format!("{}: {error}", self.lib_dir.display()))
    }

    /// The library where the test programs find it.
    pub(crate) fn library(&self) -> PathBuf {
        self.lib_dir.join(library_name())
    }

    /// The test server's program.
    pub(crate) fn test_server(&self) -> PathBuf {
        self.target.join("debug").join(format!("testserver{}", env::consts::EXE_SUFFIX))
    }

    /// A command with the tests' environment, started in the root.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .env("OPENCK_LIBRARY", self.library())
            .env("OPENCK_TEST_SERVER", self.test_server())
            .env("PYTHONPATH", self.root.join("bindings/python"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("LD_LIBRARY_PATH", self.library_path());
        command
    }

    /// Cargo, with this target directory and without colours.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.env("CARGO_TARGET_DIR", &self.target).env("CARGO_TERM_COLOR", "never");
        command
    }

    /// Runs a program; its output is kept under `target/xtask/logs`.
    pub(crate) fn run(&self, command: &mut Command, log: &str) -> Done {
        self.run_for(PATIENCE, command, log)
    }

    /// The same with another patience.
    pub(crate) fn run_for(&self, patience: Duration, command: &mut Command, log: &str) -> Done {
        let log = self.work.join("logs").join(format!("{}.log", log.replace(['/', ' '], "-")));
        process::run(command, &log, patience)
    }

    /// A new empty folder under `target/xtask`.
    pub(crate) fn fresh_dir(&self, name: &str) -> io::Result<PathBuf> {
        let dir = self.work.join(name);
        if dir.exists() {
            std::fs::remove_dir_all(&dir)?;
        }
        std::fs::create_dir_all(&dir)?;
        Ok(dir)
    }

    /// The files of a folder of the tree with this extension, in order.
    pub(crate) fn files(&self, folder: &str, extension: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.root.join(folder)).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path());
        let mut files: Vec<_> = paths.filter(|path| has_extension(path, extension)).collect();
        files.sort();
        files
    }

    fn cargo_build(&self, arguments: &[&str]) -> Result<(), String> {
        let status = self.cargo().args(["build", "--quiet"]).args(arguments).status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(_) => Err("the library does not build".into()),
            Err(error) => Err(format!("cargo: {error}")),
        }
    }

    fn library_path(&self) -> std::ffi::OsString {
        let old = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let dirs = std::iter::once(self.lib_dir.clone()).chain(env::split_paths(&old));
        env::join_paths(dirs).unwrap_or_else(|_| self.lib_dir.clone().into())
    }

    fn stage(&self, release: bool) -> io::Result<()> {
        self.fresh_dir("lib")?;
        let profile = if release { "release" } else { "debug" };
        let built = self.target.join(profile).join(library_name());
        let staged = self.library();
        std::fs::copy(&built, &staged)?;
        // Programs that were linked with the library ask for it by its soname.
        match soname(&staged) {
            Some(name) if name != library_name() => {
                std::fs::copy(&built, self.lib_dir.join(name)).map(drop)
            }
            _ => Ok(()),
        }
    }
}

/// A file's name without its extension, for messages.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

fn library_name() -> String {
    format!("{}openck{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX)
}

fn soname(library: &Path) -> Option<String> {
    let output = Command::new("readelf").arg("-d").arg(library).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.contains("(SONAME)"))?;
    Some(line.split_once('[')?.1.split_once(']')?.0.to_owned())
}

fn parent(path: &Path) -> io::Result<PathBuf> {
    let found = path.parent().map(Path::to_path_buf);
    found.ok_or_else(|| io::Error::other(format!("{} has no parent", path.display())))
}
