//! The programs that users sent run unchanged: in a network namespace where the server that they
//! name is the test server, and a second time over TLS with only port and TLS flag changed.

use super::{pascal_compiler, restore};
use crate::context::Context;
use crate::process::{Done, succeeds};
use crate::setup::Need;
use crate::tally::Tally;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) const NEEDS: &[Need] = &[Need::Tcl, Need::Pascal, Need::Python, Need::Namespaces];

/// One of the programs.
struct Program {
    name: &'static str,
    /// The number that its file's name begins with.
    number: &'static str,
    /// The arguments of Connect that the second run changes, and to what.
    connect: (&'static str, &'static str),
    /// Writes the program's files into a folder and returns the command line.
    prepare: fn(&Context, &Path, &str, Change) -> Prepared,
    output: &'static str,
}

/// What the run over TLS replaces.
#[derive(Clone, Copy)]
struct Change(Option<(&'static str, &'static str)>);

impl Change {
    fn apply(self, text: &str) -> Result<String, String> {
        let Some((from, to)) = self.0 else { return Ok(text.to_owned()) };
        match text.matches(from).count() {
            1 => Ok(text.replace(from, to)),
            n => Err(format!("{from} is there {n} times")),
        }
    }
}

type Prepared = Result<Vec<PathBuf>, String>;

const PROGRAMS: [Program; 3] = [
    Program {
        name: "tcl",
        number: "000",
        connect: (" 80 0 0]", " 443 1 0]"),
        prepare: prepare_tcl,
        output: "Frame opcode: Text\nFinal frame: 1\n\
                 Received: This is the 1st frame\r\nThis is the 2nd frame\r\n\
                 This is the 3rd frame\r\n\n\
                 Received opcode: Close\nReceived close status code: 1000\n\
                 Echoed close reason: Closing this websocket.\nSuccess.\n",
    },
    Program {
        name: "delphi",
        number: "001",
        connect: (",80,False,False)", ",443,True,False)"),
        prepare: prepare_delphi,
        output: "Frame opcode: Text\nFinal frame: 1\n\
                 Received: This is the 1st frame\r\nThis is the 2nd frame\r\n\
                 This is the 3rd frame\r\n\n\
                 Received opcode: Close\nReceived close status code: 1000\n\
                 Echoed close reason: Closing this websocket.\nSuccess.\n",
    },
    Program {
        name: "python",
        number: "002",
        connect: (",80,False,False)", ",443,True,False)"),
        prepare: prepare_python,
        output: "Frame opcode: Text\nFinal frame: True\n--\n\
                 Received: This is the 1st frame\r\nThis is the 2nd frame\r\n\
                 This is the 3rd and final frame\r\n\n\
                 Received opcode: Close\nReceived close status code: 1000\n\
                 Echoed close reason: Closing this websocket.\nSuccess.\n",
    },
];

pub(crate) fn run(context: &Context) -> Result<Tally, String> {
    let Some(folder) = folder(context) else {
        println!("skipped: seeds (the users' programs are not part of this repository)");
        return Ok(Tally { skipped: PROGRAMS.len(), ..Tally::default() });
    };
    let unshare = unshare().ok_or("network namespaces are forbidden here")?;
    let mut tally = Tally::default();
    for program in &PROGRAMS {
        let text = read(&folder, program.number)?;
        for secure in [false, true] {
            let title = format!("{}-{}", program.name, if secure { "wss" } else { "ws" });
            let done = run_program(context, program, &text, secure, unshare, &title)
                .unwrap_or_else(Done::failed);
            tally += if done.ok && done.output == program.output {
                Tally::pass()
            } else {
                let expected = program.output;
                Tally::fail(&title, &format!("{}\n--- expected\n{expected}", done.output))
            };
        }
    }
    Ok(tally)
}

fn folder(context: &Context) -> Option<PathBuf> {
    let given = std::env::var_os("OPENCK_SEEDS").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| context.root.join("../shared/seeds"));
    folder.is_dir().then_some(folder)
}

/// The `unshare` arguments that work here: as root, or in a user namespace.
fn unshare() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["-n", "-m"], &["-r", "-n", "-m"]];
    let works = |way: &&&[&str]| succeeds("unshare", &[way, &["true"][..]].concat());
    WAYS.iter().find(works).copied()
}

fn read(folder: &Path, number: &str) -> Result<String, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?.flatten();
    let mut paths = entries.map(|entry| entry.path());
    let is_it = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(number))
    };
    let path = paths.find(is_it).ok_or_else(|| format!("there is no program {number}"))?;
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

fn run_program(
    context: &Context,
    program: &Program,
    text: &str,
    secure: bool,
    unshare: &[&str],
    title: &str,
) -> Result<Done, String> {
    let dir = context.fresh_dir(&format!("seeds/{title}")).map_err(|error| error.to_string())?;
    let change = Change(secure.then_some(program.connect));
    let words = (program.prepare)(context, &dir, text, change)?;
    let mut command: Command = context.command("unshare");
    command.args(unshare).arg("sh").arg(context.root.join("tests/seeds/namespace.sh"));
    command.arg(&dir).arg(context.test_server()).args(words);
    Ok(context.run(&mut command, &format!("seeds-{title}")))
}

fn prepare_tcl(context: &Context, dir: &Path, text: &str, change: Change) -> Prepared {
    let line = text.lines().find(|line| line.starts_with("load ./chilkat.dll"));
    let line = line.ok_or("the Tcl program was not found")?;
    // The bar is the page's, not the program's.
    let line = line.trim_end_matches([' ', '|']);
    let program = restored(line, restore::tcl(line))?;
    write(&dir.join("program.tcl"), &change.apply(&program)?)?;
    std::fs::copy(context.library(), dir.join("chilkat.dll")).map_err(|e| e.to_string())?;
    Ok(vec!["tclsh".into(), "program.tcl".into()])
}

fn prepare_python(_: &Context, dir: &Path, text: &str, change: Change) -> Prepared {
    let at = text.find("import sys\n").ok_or("the Python program was not found")?;
    let program = restored(&text[at..], restore::python(&text[at..]))?;
    write(&dir.join("program.py"), &change.apply(&program)?)?;
    Ok(vec!["python3".into(), "program.py".into()])
}

fn prepare_delphi(context: &Context, dir: &Path, text: &str, change: Change) -> Prepared {
    let (uses, body) = restore::delphi(text).ok_or("the Delphi program was not found")?;
    let form = std::fs::read_to_string(context.root.join("tests/seeds/unit1.pas.in"));
    let form = form.map_err(|error| error.to_string())?;
    let unit = form.replace("{USES}", uses).replace("{BODY}", &change.apply(body)?);
    write(&dir.join("unit1.pas"), &unit)?;
    let mut fpc = pascal_compiler(context, dir);
    fpc.arg(format!("-Fu{}", context.root.join("tests/pascal/vcl").display()));
    fpc.arg(format!("-Fu{}", dir.display())).arg("-oprogram");
    fpc.arg(context.root.join("tests/seeds/form.pas"));
    let done = context.run(&mut fpc, "seeds-delphi-compile");
    if done.ok { Ok(vec![dir.join("program")]) } else { Err(done.output) }
}

/// Only white space may differ from what the user sent.
fn restored(given: &str, program: String) -> Result<String, String> {
    if restore::same_program(given, &program) {
        Ok(program)
    } else {
        Err(format!("more than white space changed:\n{program}"))
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
