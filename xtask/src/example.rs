//! The examples of each language: how they are built and started.

use crate::context::{Context, stem};
use crate::parts::{link, pascal_compiler};
use crate::process::{Done, which};
use crate::setup::Need;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A language with examples.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Language {
    C,
    Cpp,
    Tcl,
    Python,
    Pascal,
}

impl Language {
    pub(crate) const ALL: [Self; 5] = [Self::C, Self::Cpp, Self::Tcl, Self::Python, Self::Pascal];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::C => "C",
            Self::Cpp => "C++",
            Self::Tcl => "Tcl",
            Self::Python => "Python",
            Self::Pascal => "Pascal",
        }
    }

    pub(crate) fn need(self) -> Need {
        match self {
            Self::C | Self::Cpp => Need::C,
            Self::Tcl => Need::Tcl,
            Self::Python => Need::Python,
            Self::Pascal => Need::Pascal,
        }
    }

    fn source(self, name: &str) -> String {
        match self {
            Self::C => format!("examples/c/{name}.c"),
            Self::Cpp => format!("examples/cpp/{name}.cpp"),
            Self::Tcl => format!("examples/tcl/{name}.tcl"),
            Self::Python => format!("examples/python/{name}.py"),
            Self::Pascal => format!("examples/delphi/{name}.pas"),
        }
    }

    /// Builds the example if the language asks for it, and returns the command that runs it.
    pub(crate) fn prepare(self, context: &Context, name: &str) -> Result<Command, Done> {
        let source = context.root.join(self.source(name));
        if !source.exists() {
            return Err(Done::failed(format!("there is no {}\n", self.source(name))));
        }
        match self {
            Self::C => compile_c(context, "gcc", "c99", &source),
            Self::Cpp => compile_c(context, "g++", "c++11", &source),
            Self::Tcl => Ok(interpreter(context, "tclsh", &source)),
            Self::Python => Ok(interpreter(context, "python3", &source)),
            Self::Pascal => compile_pascal(context, &source, name),
        }
    }
}

fn interpreter(context: &Context, program: &str, source: &Path) -> Command {
    let mut command = context.command(which(program).unwrap_or_else(|| program.into()));
    command.arg(source);
    command
}

fn compile_c(
    context: &Context,
    compiler: &str,
    standard: &str,
    source: &Path,
) -> Result<Command, Done> {
    let program = out_dir(context, compiler)?.join(stem(source));
    let mut compile = context.command(compiler);
    compile.arg(format!("-std={standard}")).args(["-Wall", "-Wextra", "-pedantic"]);
    compile.arg(source).arg("-o").arg(&program);
    link(context, &mut compile);
    finish(context, compile, program)
}

fn compile_pascal(context: &Context, source: &Path, name: &str) -> Result<Command, Done> {
    let out = out_dir(context, "pascal")?;
    let mut fpc = pascal_compiler(context, &out);
    fpc.arg(source);
    finish(context, fpc, out.join(name))
}

fn out_dir(context: &Context, name: &str) -> Result<PathBuf, Done> {
    let made = context.fresh_dir(&format!("examples-{name}"));
    made.map_err(|error| Done::failed(error.to_string()))
}

fn finish(context: &Context, mut compile: Command, program: PathBuf) -> Result<Command, Done> {
    let done = context.run(&mut compile, "example-compile");
    if done.ok { Ok(context.command(program)) } else { Err(done) }
}
