/* The types that all headers of openck share. Written by hand. */

#ifndef CHILKATDEFS_H
#define CHILKATDEFS_H

#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

/* Truth values. Functions return exactly TRUE or FALSE; any other number counts as TRUE in an argument.
   A program that has its own BOOL of the size of int keeps it by defining a macro of that name. */
#ifndef BOOL
#ifndef OBJC_BOOL_DEFINED
typedef int BOOL;
#endif
#endif

#ifndef TRUE
#define TRUE 1
#endif

#ifndef FALSE
#define FALSE 0
#endif

/* Marks every exported function. A program can define it itself, for example to import from a DLL. */
#ifndef CK_C_VISIBLE_PUBLIC
#if defined(__GNUC__) && !defined(_WIN32)
#define CK_C_VISIBLE_PUBLIC __attribute__((visibility("default")))
#else
#define CK_C_VISIBLE_PUBLIC
#endif
#endif

/* Handles of objects. A handle is a number in the shape of a pointer and points to nothing.
   NULL, and the handle of a disposed object, make every function fail and never crash. */
typedef void *HCkBinData;
typedef void *HCkByteData;
typedef void *HCkGlobal;
typedef void *HCkRest;
typedef void *HCkString;
typedef void *HCkStringBuilder;
typedef void *HCkWebSocket;

/* The same handles as the functions with wchar_t text spell them. */
typedef void *HCkBinDataW;
typedef void *HCkGlobalW;
typedef void *HCkRestW;
typedef void *HCkStringBuilderW;
typedef void *HCkWebSocketW;

/* The same handles as the functions with UTF-16 text spell them. */
typedef void *HCkBinDataU;
typedef void *HCkGlobalU;
typedef void *HCkRestU;
typedef void *HCkStringBuilderU;
typedef void *HCkWebSocketU;

#endif /* CHILKATDEFS_H */
