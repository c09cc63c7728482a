//! The parts of the tests, in the order in which they run.

mod c;
mod fuzz;
mod pascal;
mod python;
mod restore;
mod rust;
mod seeds;
mod tcl;

pub(crate) use c::link;
pub(crate) use pascal::compiler as pascal_compiler;

use crate::autobahn;
use crate::setup::Need;
use crate::test::Part;

/// Every part. A part's `Err` says why it cannot run here.
pub(crate) const ALL: &[Part] = &[
    Part { name: "rust", needs: &[], run: rust::run },
    Part { name: "c", needs: &[Need::C, Need::Valgrind], run: c::run },
    Part { name: "tcl", needs: &[Need::Tcl], run: tcl::run },
    Part { name: "python", needs: &[Need::PythonTools], run: python::run },
    Part { name: "peers", needs: &[Need::PythonTools, Need::Node], run: python::peers },
    Part { name: "pascal", needs: &[Need::Pascal], run: pascal::run },
    Part { name: "seeds", needs: seeds::NEEDS, run: seeds::run },
    Part { name: "autobahn", needs: &[Need::Autobahn], run: autobahn::test },
];

/// Parts that run only when they are named: they build the library anew or take long.
pub(crate) const NAMED: &[Part] = &[
    Part { name: "asan-fuzz", needs: &[Need::C], run: fuzz::asan },
    Part { name: "valgrind-fuzz", needs: &[Need::Valgrind], run: fuzz::valgrind },
];
