/* A process that forks after it has used the library: parent and child each go on. (list A: 10) */
#include "session.h"

/* A message there and back. */
static int echo(session *s, const char *text)
{
    return CkWebSocket_SendFrame(s->ws, text, TRUE) && CkWebSocket_ReadFrame(s->ws) &&
           strcmp(CkWebSocket_getFrameData(s->ws), text) == 0;
}

/* A session of the child's own; the one it inherited is the parent's. Its exit code. */
static int child(const char *scheme)
{
    session own;
    int good = session_open(&own, scheme, "/echo") && echo(&own, "from the child");
    int timed_out;
    CkWebSocket_putIdleTimeoutMs(own.ws, 50);
    timed_out = !CkWebSocket_ReadFrame(own.ws) && CkWebSocket_getReadFrameFailReason(own.ws) == 1;
    CkWebSocket_putIdleTimeoutMs(own.ws, 10000);
    good = good && timed_out && session_close(&own);
    session_end(&own);
    return good ? 0 : 1;
}

static void fork_after_use(const char *scheme)
{
    session s;
    int status = -1;
    pid_t pid;
    ok(session_open(&s, scheme, "/echo") && echo(&s, "before"), "a session before the fork");
    /* This thread has waited, and so has a wake handle that the child must not share. */
    pid = fork();
    if (pid == 0)
        _exit(child(scheme));
    ok(echo(&s, "meanwhile"), "the parent's session goes on");
    waitpid(pid, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child has a session of its own");
    ok(echo(&s, "after"), "the parent's session has survived the child");
    ok(session_close(&s), "and ends in order");
    session_end(&s);
}

int main(void)
{
    tap_begin();
    server_start();
    fork_after_use("ws");
    fork_after_use("wss");
    server_stop();
    return tap_end();
}
