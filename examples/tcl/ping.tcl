# ping: sends a Ping in the middle of a message to an echo server and sees the Pong.
#
# Run: tclsh ping.tcl HOST PORT TLS(0|1) [CA.pem] [PATH]

lappend auto_path [file join [file dirname [file normalize [info script]]] .. .. bindings tcl]
package require openck

# Ends the program with the object's account of what went wrong.
proc check {done class handle} {
    if {!$done} {
        puts stderr [${class}_lastErrorText $handle]
        exit 1
    }
}

if {$argc < 3 || $argc > 5} {
    puts stderr "usage: ping.tcl HOST PORT TLS(0|1) ?CA.pem? ?PATH?"
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

# A Ping may stand inside a message. From here on ReadFrame returns Pongs too.
CkWebSocket_put_PongAutoConsume $ws 0
check [CkWebSocket_SendFrame $ws "before, " 0] CkWebSocket $ws
check [CkWebSocket_SendPing $ws "still there?"] CkWebSocket $ws
check [CkWebSocket_SendFrame $ws "after" 1] CkWebSocket $ws
foreach answer {Pong message} {
    check [CkWebSocket_ReadFrame $ws] CkWebSocket $ws
    puts "frame: [CkWebSocket_frameOpcode $ws]"
}
puts "message: [CkWebSocket_getFrameData $ws]"

check [CkWebSocket_SendClose $ws 1 1000 "done"] CkWebSocket $ws
while {![CkWebSocket_get_CloseReceived $ws]} {
    check [CkWebSocket_ReadFrame $ws] CkWebSocket $ws
}
puts "[CkWebSocket_frameOpcode $ws]: [CkWebSocket_get_CloseStatusCode $ws]"
delete_CkWebSocket $ws
delete_CkRest $rest
