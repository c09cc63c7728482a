/* The Test Anything Protocol, and an end to all patience. Include it first of all. */
#ifndef TAP_H
#define TAP_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

static int tap_tests, tap_failures;

/* One test: its line, and whether it passed. */
static inline int ok(int good, const char *name)
{
    tap_tests++;
    tap_failures += !good;
    printf("%sok %d %s\n", good ? "" : "not ", tap_tests, name);
    fflush(stdout);
    return good;
}

static inline int is_int(long got, long want, const char *name)
{
    int good = ok(got == want, name);
    if (!good)
        printf("# got %ld, want %ld\n", got, want);
    return good;
}

static inline int is_text(const char *got, const char *want, const char *name)
{
    int good = ok(got != NULL && want != NULL && strcmp(got, want) == 0, name);
    if (!good)
        printf("# got  %s\n# want %s\n", got ? got : "NULL", want ? want : "NULL");
    return good;
}

static inline int is_wide(const wchar_t *got, const wchar_t *want, const char *name)
{
    int good = ok(got != NULL && wcscmp(got, want) == 0, name);
    if (!good)
        printf("# got  %ls\n# want %ls\n", got ? got : L"NULL", want);
    return good;
}

/* Whether two UTF-16 texts are the same, up to their NULs. */
static inline int is_utf16(const uint16_t *got, const uint16_t *want, const char *name)
{
    size_t i = 0;
    while (got != NULL && got[i] == want[i] && want[i] != 0)
        i++;
    return ok(got != NULL && got[i] == want[i], name);
}

/* Whether `text` has `part` in it. */
static inline int has_text(const char *text, const char *part, const char *name)
{
    int good = ok(text != NULL && strstr(text, part) != NULL, name);
    if (!good)
        printf("# \"%s\" is not in:\n# %s\n", part, text ? text : "NULL");
    return good;
}

/* First call of main: a program that hangs is ended by SIGALRM. */
static inline void tap_begin(void)
{
    alarm(getenv("OPENCK_VALGRIND") ? 400 : 120);
}

/* The value of main. */
static inline int tap_end(void)
{
    printf("1..%d\n", tap_tests);
    return tap_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
