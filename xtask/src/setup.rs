//! What the tests need from the system: found, installed by apt-get as root on Debian, or named
//! with the command that installs it.

use crate::autobahn;
use crate::context::Context;
use crate::process::{self, Done, succeeds, which};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const PYTHON_PACKAGES: [&str; 3] = ["pytest==9.2.0", "websockets==17.4", "aiohttp==3.14.5"];
const WS_VERSION: &str = "8.23.0";
const INSTALLING: Duration = Duration::from_secs(1200);

/// Something that a part of the tests cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// pkg-config and the development files of OpenSSL: without them nothing builds.
    OpenSsl,
    /// gcc and g++, with AddressSanitizer.
    C,
    /// valgrind.
    Valgrind,
    /// tclsh with tcltest.
    Tcl,
    /// Free Pascal.
    Pascal,
    /// Python 3, enough to run a program.
    Python,
    /// Python 3 with pytest, websockets and aiohttp in an environment of its own.
    PythonTools,
    /// Node with the package ws.
    Node,
    /// Programs that make network namespaces.
    Namespaces,
    /// Python 2.7 with Autobahn's suite.
    Autobahn,
}

impl Need {
    const ALL: [Self; 10] = [
        Self::OpenSsl,
        Self::C,
        Self::Valgrind,
        Self::Tcl,
        Self::Pascal,
        Self::Python,
        Self::PythonTools,
        Self::Node,
        Self::Namespaces,
        Self::Autobahn,
    ];

    /// What it is called in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OpenSsl => "pkg-config and OpenSSL development files",
            Self::C => "gcc and g++",
            Self::Valgrind => "valgrind",
            Self::Tcl => "tclsh",
            Self::Pascal => "Free Pascal",
            Self::Python => "python3",
            Self::PythonTools => "python3 with venv, pytest, websockets, aiohttp",
            Self::Node => "node with npm, ws",
            Self::Namespaces => "ip and unshare",
            Self::Autobahn => "Python 2.7 with autobahntestsuite",
        }
    }

    fn debian_packages(self) -> &'static [&'static str] {
        match self {
            Self::OpenSsl => &["pkg-config", "libssl-dev"],
            Self::C => &["gcc", "g++", "libc6-dev"],
            Self::Valgrind => &["valgrind", "libc6-dbg"],
            Self::Tcl => &["tcl"],
            Self::Pascal => &["fp-compiler", "fp-units-rtl", "fp-units-fcl"],
            Self::Python => &["python3"],
            Self::PythonTools => &["python3", "python3-venv"],
            Self::Node => &["nodejs", "npm"],
            Self::Namespaces => &["iproute2", "util-linux"],
            // No distribution has Python 2.7 any more.
            Self::Autobahn => &[],
        }
    }

    fn is_there(self, context: &Context) -> bool {
        let all = |programs: &[&str]| programs.iter().all(|name| which(name).is_some());
        match self {
            Self::OpenSsl if cfg!(target_os = "linux") => {
                succeeds("pkg-config", &["--exists", "openssl"])
            }
            Self::OpenSsl => true,
            Self::C => all(&["gcc", "g++", "readelf"]),
            Self::Valgrind => all(&["valgrind"]),
            Self::Tcl => all(&["tclsh"]),
            Self::Pascal => all(&["fpc"]),
            Self::Python => all(&["python3"]),
            Self::PythonTools => has_python_packages(&python(context)),
            Self::Node => has_ws(context),
            Self::Namespaces => all(&["ip", "unshare", "mount"]),
            Self::Autobahn => autobahn::is_installed(context),
        }
    }
}

/// `cargo xtask setup`: gets everything and prints a table. In a CI all must be there.
pub(crate) fn run(context: &Context) -> Result<bool, String> {
    let missing = ensure(context, &Need::ALL);
    for need in Need::ALL {
        let state = if missing.contains(&need) { "missing" } else { "ok" };
        println!("{state:8} {}", need.name());
    }
    advise(&missing);
    Ok(missing.is_empty() || !context.ci)
}

/// Tries to get these; returns those that are still missing.
pub(crate) fn ensure(context: &Context, needs: &[Need]) -> Vec<Need> {
    let mut missing: Vec<Need> =
        needs.iter().copied().filter(|need| !need.is_there(context)).collect();
    let debs: Vec<Need> = missing.iter().copied().filter(|need| !system_has(*need)).collect();
    let debs = packages(&debs);
    if !debs.is_empty() && can_install() {
        apt_get(context, &debs);
    }
    if missing.contains(&Need::PythonTools) && system_has(Need::PythonTools) {
        make_environment(context);
    }
    if missing.contains(&Need::Node) && system_has(Need::Node) {
        install_ws(context);
    }
    if missing.contains(&Need::Autobahn) && system_has(Need::Autobahn) {
        show_failure(&autobahn::install(context));
    }
    missing.retain(|need| !need.is_there(context));
    missing
}

/// Prints the command that installs what is missing.
pub(crate) fn advise(missing: &[Need]) {
    let debs = packages(missing);
    if !debs.is_empty() {
        println!("to install: apt-get install --no-install-recommends {}", debs.join(" "));
    }
    if missing.contains(&Need::Autobahn) && !system_has(Need::Autobahn) {
        println!("to install Python 2.7: pyenv install 2.7.18");
    }
}

/// The Python of the tests' own environment.
pub(crate) fn python(context: &Context) -> PathBuf {
    context.target.join("venv/bin/python")
}

/// Where Node finds the tests' package.
pub(crate) fn node_modules(context: &Context) -> PathBuf {
    context.target.join("node/node_modules")
}

/// The packages of the distribution are there, whatever else is needed.
fn system_has(need: Need) -> bool {
    match need {
        Need::PythonTools => succeeds("python3", &["-c", "import venv, ensurepip"]),
        Need::Node => which("node").is_some() && which("npm").is_some(),
        Need::Autobahn => autobahn::python27().is_some(),
        _ => false,
    }
}

fn packages(needs: &[Need]) -> Vec<&'static str> {
    needs.iter().flat_map(|need| need.debian_packages().iter().copied()).collect()
}

fn can_install() -> bool {
    let id = Command::new("id").arg("-u").output();
    let root = id.is_ok_and(|output| output.stdout.starts_with(b"0\n"));
    root && Path::new("/etc/debian_version").exists() && which("apt-get").is_some()
}

fn apt_get(context: &Context, packages: &[&str]) {
    println!("installing {}", packages.join(" "));
    let install = [&["install", "--yes", "--no-install-recommends"], packages].concat();
    for arguments in [&["update"][..], &install] {
        let mut command = Command::new("apt-get");
        command.args(["-o", "DPkg::Lock::Timeout=300"]);
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        show_failure(&process::run(&mut command, &log(context, "apt-get"), INSTALLING));
    }
}

fn make_environment(context: &Context) {
    println!("installing {}", PYTHON_PACKAGES.join(" "));
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(context.target.join("venv"));
    let mut install = Command::new(python(context));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    install.args(PYTHON_PACKAGES);
    for command in [&mut make, &mut install] {
        show_failure(&process::run(command, &log(context, "python"), INSTALLING));
    }
}

fn has_python_packages(python: &Path) -> bool {
    let program = "import sys, importlib.metadata as m\n\
                   for p in sys.argv[1:]: n, v = p.split('=='); assert m.version(n) == v";
    succeeds(python, &[&["-c", program], &PYTHON_PACKAGES[..]].concat())
}

fn install_ws(context: &Context) {
    println!("installing ws@{WS_VERSION}");
    let mut install = Command::new("npm");
    install.args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"]);
    install.arg(context.target.join("node")).arg(format!("ws@{WS_VERSION}"));
    show_failure(&process::run(&mut install, &log(context, "node"), INSTALLING));
}

fn has_ws(context: &Context) -> bool {
    let package = node_modules(context).join("ws/package.json").display().to_string();
    let program = "process.exit(require(process.argv[1]).version === process.argv[2] ? 0 : 1)";
    succeeds("node", &["-e", program, &package, WS_VERSION])
}

fn log(context: &Context, name: &str) -> PathBuf {
    context.work.join(format!("logs/setup-{name}.log"))
}

fn show_failure(done: &Done) {
    if !done.ok {
        println!("{}", done.output);
    }
}
