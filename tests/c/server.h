/* The test server of tests/support as a child process. It prints a line of JSON with its ports
 * and lives until its standard input is closed. */
#ifndef SERVER_H
#define SERVER_H

#include "tap.h"
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

static struct {
    pid_t pid;
    int input;
    char line[1024];
} test_server;

static inline void server_fail(const char *why)
{
    printf("Bail out! test server: %s\n", why);
    exit(EXIT_FAILURE);
}

static inline void server_start(void)
{
    const char *program = getenv("OPENCK_TEST_SERVER");
    int to[2], from[2];
    size_t used = 0;
    if (program == NULL)
        server_fail("OPENCK_TEST_SERVER is not set");
    if (pipe(to) != 0 || pipe(from) != 0)
        server_fail("no pipes");
    test_server.pid = fork();
    if (test_server.pid == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        close(to[0]);
        close(to[1]);
        close(from[0]);
        close(from[1]);
        execl(program, program, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    test_server.input = to[1];
    while (used + 1 < sizeof test_server.line && strchr(test_server.line, '\n') == NULL) {
        ssize_t n = read(from[0], test_server.line + used, sizeof test_server.line - 1 - used);
        if (n <= 0)
            server_fail("it printed no ports");
        used += (size_t)n;
    }
    close(from[0]);
}

static inline void server_stop(void)
{
    close(test_server.input);
    waitpid(test_server.pid, NULL, 0);
}

/* The text behind a key of the line, without quotes, in `out`. */
static inline const char *server_value(const char *key, char *out, size_t size)
{
    char quoted[64];
    const char *at;
    size_t n;
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    at = strstr(test_server.line, quoted);
    if (at == NULL)
        server_fail(key);
    at += strlen(quoted);
    at += *at == '"';
    n = strcspn(at, "\",}");
    snprintf(out, size, "%.*s", (int)n, at);
    return out;
}

static inline int server_port(const char *scheme)
{
    char text[16];
    return atoi(server_value(scheme, text, sizeof text));
}

static inline const char *server_ca(char *out, size_t size)
{
    return server_value("ca", out, size);
}

/* Milliseconds of a clock that only goes forward. */
static inline long clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

#endif
