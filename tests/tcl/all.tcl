# The tests of the Tcl extension.
#
# Environment: OPENCK_LIBRARY is the library, OPENCK_TEST_SERVER the program `testserver` of
# tests/support. Exits with 1 if a test fails or a file of tests breaks off. While a call waits, Tcl
# cannot interrupt it: the tests set short timeouts, and the caller must bound the whole run.

package require tcltest 2.3
namespace import ::tcltest::test
set here [file dirname [file normalize [info script]]]
set work [file normalize [tcltest::makeDirectory openck-tcl-[pid]]]

foreach name {OPENCK_LIBRARY OPENCK_TEST_SERVER} {
    if {![info exists env($name)] || ![file isfile $env($name)]} {
        puts stderr "the environment variable $name must name a file"
        exit 2
    }
    set env($name) [file normalize $env($name)]
}

set broken 0
try {
    source [file join $here support.tcl]
    foreach file {commands handles arguments text session failures tls examples} {
        source [file join $here $file.test]
    }
} on error {message options} {
    puts stderr "Test file error: [dict get $options -errorinfo]"
    set broken 1
} finally {
    catch {stop_server}
    cd $here
}

set failed $tcltest::numTests(Failed)
if {$tcltest::numTests(Total) == 0} {
    set broken 1
}
tcltest::cleanupTests
file delete -force $work
exit [expr {$broken || $failed > 0}]
