# binary: sends bytes to an echo server and compares what comes back.
#
# Run: tclsh binary.tcl HOST PORT TLS(0|1) [CA.pem] [PATH]

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
    puts stderr "usage: binary.tcl HOST PORT TLS(0|1) ?CA.pem? ?PATH?"
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

set sent [new_CkBinData]
set received [new_CkBinData]
CkBinData_AppendEncoded $sent [string repeat "00ff80c3" 1000] hex
check [CkWebSocket_SendFrameBd $ws $sent 1] CkWebSocket $ws
set final 0
while {!$final && ![CkWebSocket_get_CloseReceived $ws]} {
    check [CkWebSocket_ReadFrame $ws] CkWebSocket $ws
    set final [CkWebSocket_get_FinalFrame $ws]
}
puts "frame: [CkWebSocket_frameOpcode $ws]"
check [CkWebSocket_GetFrameDataBd $ws $received] CkWebSocket $ws
puts "[CkBinData_get_NumBytes $received] bytes: [CkBinData_getEncodedChunk $received 0 4 hex]..."
puts "the same: [CkBinData_ContentsEqual $received $sent]"

check [CkWebSocket_SendClose $ws 1 1000 "done"] CkWebSocket $ws
check [CkWebSocket_ReadFrame $ws] CkWebSocket $ws
puts "[CkWebSocket_frameOpcode $ws]: [CkWebSocket_get_CloseStatusCode $ws]"
delete_CkWebSocket $ws
delete_CkRest $rest
