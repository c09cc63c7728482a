/* One object and several threads: sending while another reads, disposing and closing under a
 * blocked call, texts and errors of each thread. */
#include "session.h"

#include <pthread.h>
#include <sched.h>

#define MESSAGES 200

/* What a thread gets and gives back. */
typedef struct {
    HCkWebSocket ws;
    int number;
    int good;
    int reason;
    long ended;
} job;

static pthread_t start(void *(*run)(void *), job *argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, argument) != 0)
        exit(EXIT_FAILURE);
    return thread;
}

static void *read_all(void *argument)
{
    job *mine = (job *)argument;
    int next[2] = {0, 0}, count;
    mine->good = 1;
    for (count = 0; count < 2 * MESSAGES && mine->good; count++) {
        int thread = -1, number = -1;
        const char *text = NULL;
        if (CkWebSocket_ReadFrame(mine->ws))
            text = CkWebSocket_getFrameData(mine->ws);
        mine->good = text != NULL && sscanf(text, "%d %d", &thread, &number) == 2 &&
                     (thread == 0 || thread == 1) && next[thread]++ == number;
    }
    return NULL;
}

static void *send_all(void *argument)
{
    job *mine = (job *)argument;
    char text[32];
    int i;
    mine->good = 1;
    for (i = 0; i < MESSAGES; i++) {
        snprintf(text, sizeof text, "%d %d", mine->number, i);
        mine->good = mine->good && CkWebSocket_SendFrame(mine->ws, text, TRUE) &&
                     (i % 50 != 0 || CkWebSocket_SendPing(mine->ws, "alive"));
    }
    return NULL;
}

static void send_while_reading(const char *scheme)
{
    session s;
    job reader, senders[2];
    pthread_t threads[3];
    memset(&reader, 0, sizeof reader);
    memset(senders, 0, sizeof senders);
    ok(session_open(&s, scheme, "/echo"), scheme);
    reader.ws = senders[0].ws = senders[1].ws = s.ws;
    senders[1].number = 1;
    threads[0] = start(read_all, &reader);
    threads[1] = start(send_all, &senders[0]);
    threads[2] = start(send_all, &senders[1]);
    pthread_join(threads[1], NULL);
    pthread_join(threads[2], NULL);
    pthread_join(threads[0], NULL);
    ok(senders[0].good && senders[1].good, "two threads send");
    ok(reader.good, "while a third reads everything, in the order of each");
    ok(session_close(&s), "and the session closes");
    session_end(&s);
}

/* Waits for a frame that never comes. */
static void *blocked_read(void *argument)
{
    job *mine = (job *)argument;
    mine->good = CkWebSocket_ReadFrame(mine->ws);
    mine->reason = CkWebSocket_getReadFrameFailReason(mine->ws);
    mine->ended = clock_ms();
    return NULL;
}

static void close_connection(HCkWebSocket ws)
{
    CkWebSocket_CloseConnection(ws);
}

/* Ends a ReadFrame that waits in another thread. That it is there shows by a pong that it passes
 * over. */
static void end_a_blocked_read(const char *scheme, void (*end)(HCkWebSocket), const char *name)
{
    session s;
    job reader;
    pthread_t thread;
    long began;
    memset(&reader, 0, sizeof reader);
    ok(session_open(&s, scheme, "/echo"), scheme);
    reader.ws = s.ws;
    thread = start(blocked_read, &reader);
    ok(CkWebSocket_SendPing(s.ws, "are you reading?"), "a ping");
    while (!CkWebSocket_getPongConsumed(s.ws))
        sched_yield();
    began = clock_ms();
    end(s.ws);
    pthread_join(thread, NULL);
    ok(!reader.good, name);
    ok(reader.ended - began < 1000, "ends the ReadFrame of another thread soon");
    if (end != CkWebSocket_Dispose)
        is_int(reader.reason, 3, "with reason 3");
    session_end(&s);
}

static void *fail_by_itself(void *argument)
{
    job *mine = (job *)argument;
    mine->good = !CkWebSocket_SendClose(mine->ws, TRUE, 1005, "") &&
                 strstr(CkWebSocket_lastErrorText(mine->ws), "1005") != NULL &&
                 !CkWebSocket_getLastMethodSuccess(mine->ws);
    return NULL;
}

static void errors_of_each_thread(void)
{
    session s;
    job other;
    pthread_t thread;
    const char *mine;
    memset(&other, 0, sizeof other);
    ok(session_open(&s, "ws", "/echo"), "errors");
    ok(!CkWebSocket_SendClose(s.ws, TRUE, 2999, ""), "a call of this thread fails");
    mine = CkWebSocket_lastErrorText(s.ws);
    other.ws = s.ws;
    thread = start(fail_by_itself, &other);
    pthread_join(thread, NULL);
    ok(other.good, "another thread has its own error");
    has_text(mine, "2999", "this thread's text is still there");
    has_text(CkWebSocket_lastErrorText(s.ws), "2999", "and its error is still the last");
    session_end(&s);
}

/* Objects come and go in all threads at once. */
static void *come_and_go(void *argument)
{
    job *mine = (job *)argument;
    int i;
    mine->good = 1;
    for (i = 0; i < 500; i++) {
        HCkStringBuilder sb = CkStringBuilder_Create();
        CkStringBuilder_AppendInt(sb, i);
        mine->good = mine->good && CkStringBuilder_getIntValue(sb) == i &&
                     CkStringBuilder_getAsString(sb) != NULL;
        CkStringBuilder_Dispose(sb);
        mine->good = mine->good && CkStringBuilder_getAsString(sb) == NULL;
    }
    return NULL;
}

static void objects_of_each_thread(void)
{
    job jobs[4];
    pthread_t threads[4];
    int i, good = 1;
    memset(jobs, 0, sizeof jobs);
    for (i = 0; i < 4; i++)
        threads[i] = start(come_and_go, &jobs[i]);
    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        good = good && jobs[i].good;
    }
    ok(good, "four threads create and dispose");
}

int main(void)
{
    const char *schemes[] = {"ws", "wss"};
    int i;
    tap_begin();
    server_start();
    for (i = 0; i < 2; i++) {
        send_while_reading(schemes[i]);
        end_a_blocked_read(schemes[i], CkWebSocket_Dispose, "Dispose");
        end_a_blocked_read(schemes[i], close_connection, "CloseConnection");
    }
    errors_of_each_thread();
    objects_of_each_thread();
    server_stop();
    return tap_end();
}
