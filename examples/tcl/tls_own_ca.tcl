# tls_own_ca: talks over TLS to an echo server whose certificate comes from a private CA.
#
# Run: tclsh tls_own_ca.tcl HOST PORT CA.pem [PATH]

lappend auto_path [file join [file dirname [file normalize [info script]]] .. .. bindings tcl]
package require openck

# Ends the program with the object's account of what went wrong.
proc check {done class handle} {
    if {!$done} {
        puts stderr [${class}_lastErrorText $handle]
        exit 1
    }
}

if {$argc < 3 || $argc > 4} {
    puts stderr "usage: tls_own_ca.tcl HOST PORT CA.pem ?PATH?"
    exit 2
}
lassign [concat $argv /] host port ca path

# Without the CA the certificate cannot be verified: no connection.
set rest [new_CkRest]
set ws [new_CkWebSocket]
if {![CkRest_Connect $rest $host $port 1 0]} {
    puts "without the CA: ConnectFailReason [CkRest_get_ConnectFailReason $rest]"
}

check [CkRest_AddTrustedCaPem $rest $ca] CkRest $rest
check [CkRest_Connect $rest $host $port 1 0] CkRest $rest
puts "with the CA: [CkRest_tlsVersion $rest], [CkRest_tlsCipherSuite $rest]"
check [CkWebSocket_UseConnection $ws $rest] CkWebSocket $ws
check [CkWebSocket_AddClientHeaders $ws] CkWebSocket $ws
set body [CkRest_fullRequestNoBody $rest GET $path]
check [CkRest_get_LastMethodSuccess $rest] CkRest $rest
if {[CkRest_get_ResponseStatusCode $rest] != 101} {
    puts stderr "status [CkRest_get_ResponseStatusCode $rest]\n$body"
    exit 1
}
check [CkWebSocket_ValidateServerHandshake $ws] CkWebSocket $ws

check [CkWebSocket_SendFrame $ws "hello over TLS" 1] CkWebSocket $ws
check [CkWebSocket_ReadFrame $ws] CkWebSocket $ws
puts "[CkWebSocket_frameOpcode $ws]: [CkWebSocket_getFrameData $ws]"

check [CkWebSocket_SendClose $ws 1 1000 "done"] CkWebSocket $ws
while {![CkWebSocket_get_CloseReceived $ws]} {
    check [CkWebSocket_ReadFrame $ws] CkWebSocket $ws
}
puts "[CkWebSocket_frameOpcode $ws]: [CkWebSocket_get_CloseStatusCode $ws]"
delete_CkWebSocket $ws
delete_CkRest $rest
