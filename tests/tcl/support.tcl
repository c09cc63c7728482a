# What the tests share: the library, the test server, and connections to it.

# The library as a program finds it that was written for the original.
file copy -force $env(OPENCK_LIBRARY) [file join $work chilkat.dll]
cd $work
load ./chilkat.dll

proc start_server {} {
    global server env
    set server(pipe) [open |[list $env(OPENCK_TEST_SERVER)] r+]
    set line [gets $server(pipe)]
    foreach {- name value} [regexp -all -inline {"(\w+)":(\d+|"[^"]*")} $line] {
        set server($name) [string trim $value \"]
    }
}

# The server ends when its standard input does.
proc stop_server {} {
    global server
    close $server(pipe)
}

start_server

# How long a call may wait: far longer than any answer takes on this machine.
set patience 8000

proc new_rest {} {
    global patience
    set rest [new_CkRest]
    CkRest_put_ConnectTimeoutMs $rest $patience
    CkRest_put_IdleTimeoutMs $rest $patience
    return $rest
}

proc new_websocket {} {
    global patience
    set ws [new_CkWebSocket]
    CkWebSocket_put_IdleTimeoutMs $ws $patience
    return $ws
}

# Sends the opening request for a path; returns the Rest and the WebSocket. The answer is not
# checked.
proc request {path {scheme ws}} {
    global server
    set rest [new_rest]
    set ws [new_websocket]
    if {$scheme ne "ws"} {
        must [CkRest_AddTrustedCaPem $rest $server(ca)] CkRest $rest
    }
    must [CkRest_Connect $rest localhost $server($scheme) [expr {$scheme ne "ws"}] 0] CkRest $rest
    must [CkWebSocket_UseConnection $ws $rest] CkWebSocket $ws
    must [CkWebSocket_AddClientHeaders $ws] CkWebSocket $ws
    CkRest_fullRequestNoBody $rest GET $path
    return [list $rest $ws]
}

# Opens a connection to a path; returns the Rest and the WebSocket.
proc session {path {scheme ws}} {
    lassign [request $path $scheme] rest ws
    must [CkRest_get_LastMethodSuccess $rest] CkRest $rest
    must [CkWebSocket_ValidateServerHandshake $ws] CkWebSocket $ws
    return [list $rest $ws]
}

proc end {rest ws} {
    delete_CkWebSocket $ws
    delete_CkRest $rest
}

proc must {done class handle} {
    if {!$done} {
        error [${class}_lastErrorText $handle]
    }
}

# Runs a script with the variables `ws` and `rest` of a new session.
proc with_session {path script {scheme ws}} {
    upvar 1 ws ws rest rest
    lassign [session $path $scheme] rest ws
    try {
        uplevel 1 $script
    } finally {
        end $rest $ws
    }
}

# Reads one frame: opcode, final, and the text it brought.
proc frame {ws} {
    must [CkWebSocket_ReadFrame $ws] CkWebSocket $ws
    list [CkWebSocket_frameOpcode $ws] [CkWebSocket_get_FinalFrame $ws] \
        [CkWebSocket_getFrameData $ws]
}

# Makes an object for one script, in the variable `name`.
proc with_object {class name script} {
    upvar 1 $name handle
    set handle [new_$class]
    try {
        uplevel 1 $script
    } finally {
        delete_$class $handle
    }
}

# A new interpreter with a script's result, deleted afterwards.
proc in_interpreter {script} {
    set other [interp create]
    try {
        return [$other eval $script]
    } finally {
        interp delete $other
    }
}

proc stale {class} {
    set handle [new_$class]
    delete_$class $handle
    return $handle
}

# The texts of a file.
proc contents {path} {
    set channel [open $path]
    set text [read $channel]
    close $channel
    return $text
}
