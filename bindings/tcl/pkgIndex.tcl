# The packages openck and chilkat: two names of one library. README.md tells where it is looked for.

set openckLoad {dir {
    global env tcl_platform
    switch -glob $tcl_platform(os) {
        Windows* {set names {openck.dll chilkat.dll}}
        Darwin {set names {libopenck.dylib chilkat.dylib}}
        default {set names {libopenck.so chilkat.so chilkat.dll}}
    }
    set files {}
    if {[info exists env(OPENCK_LIBRARY)] && $env(OPENCK_LIBRARY) ne ""} {
        lappend files [file normalize $env(OPENCK_LIBRARY)]
    } else {
        foreach name $names {
            lappend files [file join $dir $name]
        }
        set builds [list [file join [file dirname [file dirname $dir]] target]]
        if {[info exists env(CARGO_TARGET_DIR)] && $env(CARGO_TARGET_DIR) ne ""} {
            set builds [linsert $builds 0 $env(CARGO_TARGET_DIR)]
        }
        foreach build $builds {
            foreach profile {release debug} {
                lappend files [file join $build $profile [lindex $names 0]]
            }
        }
    }
    foreach file $files {
        if {[file isfile $file]} {
            # With the second word the file may have any name.
            return [uplevel #0 [list load $file Openck]]
        }
    }
    error "the openck library is in none of these places:\n  [join $files "\n  "]\nset the\
        environment variable OPENCK_LIBRARY to its path"
}}
foreach openckPackage {openck chilkat} {
    package ifneeded $openckPackage 0.1.0 [list apply $openckLoad [file normalize $dir]]
}
unset openckLoad openckPackage
