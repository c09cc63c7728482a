# frames: sends one text message in three frames to an echo server and shows what comes back.
#
# Run: tclsh frames.tcl HOST PORT TLS(0|1) [CA.pem] [PATH]

lappend auto_path [file join [file dirname [file normalize [info script]]] .. .. bindings tcl]
package require openck
fconfigure stdout -encoding utf-8

# Ends the program with the object's account of what went wrong.
proc check {done class handle} {
    if {!$done} {
        puts stderr [${class}_lastErrorText $handle]
        exit 1
    }
}

if {$argc < 3 || $argc > 5} {
    puts stderr "usage: frames.tcl HOST PORT TLS(0|1) ?CA.pem? ?PATH?"
    exit 2
}
lassign $argv host port tls ca path
if {$path eq ""} {
    set path /
}

set rest [new_CkRest]
set ws [new_CkWebSocket]
if {$ca ne ""} {
    check [CkRest_AddTrustedCaPem $rest $ca] CkRest $rest
}
check [CkRest_Connect $rest $host $port $tls 0] CkRest $rest
check [CkWebSocket_UseConnection $ws $rest] CkWebSocket $ws
check [CkWebSocket_AddClientHeaders $ws] CkWebSocket $ws
set body [CkRest_fullRequestNoBody $rest GET $path]
check [CkRest_get_LastMethodSuccess $rest] CkRest $rest
if {[CkRest_get_ResponseStatusCode $rest] != 101} {
    puts stderr "status [CkRest_get_ResponseStatusCode $rest]\n$body"
    exit 1
}
check [CkWebSocket_ValidateServerHandshake $ws] CkWebSocket $ws

foreach {text final} {"one, " 0 "two, " 0 "three \u20ac" 1} {
    check [CkWebSocket_SendFrame $ws $text $final] CkWebSocket $ws
}
set final 0
while {!$final && ![CkWebSocket_get_CloseReceived $ws]} {
    check [CkWebSocket_ReadFrame $ws] CkWebSocket $ws
    set final [CkWebSocket_get_FinalFrame $ws]
    puts "frame: [CkWebSocket_frameOpcode $ws], final: $final"
}
puts "message: [CkWebSocket_getFrameData $ws]"

check [CkWebSocket_SendClose $ws 1 1000 "done"] CkWebSocket $ws
while {![CkWebSocket_get_CloseReceived $ws]} {
    check [CkWebSocket_ReadFrame $ws] CkWebSocket $ws
}
puts "[CkWebSocket_frameOpcode $ws]: [CkWebSocket_get_CloseStatusCode $ws]"
delete_CkWebSocket $ws
delete_CkRest $rest
