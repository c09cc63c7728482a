//! The C programs: as C99 and as C++, with AddressSanitizer and under valgrind.

use crate::context::{Context, stem};
use crate::tally::{self, Tally};
use std::path::Path;
use std::process::Command;

const WARNINGS: [&str; 5] = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-g"];
const ASAN: [&str; 2] = ["-fsanitize=address", "-fno-omit-frame-pointer"];
pub(super) const VALGRIND: [&str; 5] = [
    "--quiet",
    "--error-exitcode=99",
    "--leak-check=full",
    "--show-leak-kinds=definite",
    "--errors-for-leak-kinds=definite",
];

/// A way to compile a program.
struct Way {
    name: &'static str,
    compiler: &'static str,
    arguments: &'static [&'static str],
    valgrind: bool,
}

const C_WAYS: [Way; 3] = [
    Way { name: "c99", compiler: "gcc", arguments: &["-std=c99"], valgrind: true },
    Way { name: "c++", compiler: "g++", arguments: &["-x", "c++", "-std=c++11"], valgrind: false },
    Way {
        name: "asan",
        compiler: "gcc",
        arguments: &["-std=c99", ASAN[0], ASAN[1]],
        valgrind: false,
    },
];

const CPP_WAYS: [Way; 2] = [
    Way { name: "c++", compiler: "g++", arguments: &["-std=c++11"], valgrind: true },
    Way {
        name: "asan",
        compiler: "g++",
        arguments: &["-std=c++11", ASAN[0], ASAN[1]],
        valgrind: false,
    },
];

pub(crate) fn run(context: &Context) -> Result<Tally, String> {
    let out = context.fresh_dir("c").map_err(|error| error.to_string())?;
    let mut tally = Tally::default();
    for (extension, ways) in [("c", &C_WAYS[..]), ("cpp", &CPP_WAYS)] {
        for source in context.files("tests/c", extension) {
            for way in ways {
                tally += run_way(context, &source, way, &out);
            }
        }
    }
    Ok(tally)
}

fn run_way(context: &Context, source: &Path, way: &Way, out: &Path) -> Tally {
    let title = format!("{} {}", stem(source), way.name);
    let program = out.join(title.replace(' ', "-"));
    let mut compile = context.command(way.compiler);
    compile.args(WARNINGS).args(way.arguments).arg(source).arg("-o").arg(&program);
    link(context, &mut compile);
    let done = context.run(&mut compile, &format!("c-{title}-compile"));
    if !done.ok {
        return Tally::fail(&format!("{title} does not compile"), &done.output);
    }
    let mut tally = run_program(context, context.command(&program), &title);
    if way.valgrind {
        let mut valgrind = context.command("valgrind");
        let suppressions = context.root.join("tests/c/valgrind.supp");
        if suppressions.exists() {
            valgrind.arg(format!("--suppressions={}", suppressions.display()));
        }
        valgrind.args(VALGRIND).arg(&program).env("OPENCK_VALGRIND", "1");
        tally += run_program(context, valgrind, &format!("{title} valgrind"));
    }
    tally
}

/// The arguments that find the headers and the library. The language of a source must not
/// spread to the library.
pub(crate) fn link(context: &Context, compile: &mut Command) {
    compile.args(["-x", "none", "-pthread"]);
    compile.arg("-I").arg(context.root.join("include"));
    compile.arg("-L").arg(&context.lib_dir).arg("-lopenck");
}

fn run_program(context: &Context, mut command: Command, title: &str) -> Tally {
    let done = context.run(&mut command, &format!("c-{title}"));
    tally::tap(&done.output).checked(title, done.ok, &done.output)
}
