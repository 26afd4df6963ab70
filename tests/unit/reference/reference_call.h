/* SPDX-License-Identifier: MIT */
/*
 * corbel-reference as its users call it: arguments, a folder with files, and what comes out.  Each
 * call is a process of its own, since the program keeps what it has read until it ends.
 */
#ifndef REFERENCE_REFERENCE_CALL_H
#define REFERENCE_REFERENCE_CALL_H
#include <stddef.h>

#define CALL_TEXT 65536

/* By the last call: stdout and stderr. */
extern char written[CALL_TEXT], said[CALL_TEXT];

/* Around all tests: a new folder, which is the present one; and its removal. */
int call_start(void **state);
int call_end(void **state);

/* A key on P-256: key.pem and public.pem. */
void save_key(void);
void save(const char *name, const void *bytes, size_t size);
/* At most CALL_TEXT - 1 bytes, with a NUL behind them. */
size_t load(const char *name, char text[CALL_TEXT]);
/* A command that must succeed; `format` as for printf(). */
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Of words with a NULL behind them; returns the exit status. */
int call(const char *const *words);
/* It is refused for this reason and no other, and wrote nothing to stdout. */
void call_refused(const char *why, const char *const *words);
/* The last call wrote this text among others, and said nothing. */
void assert_written(const char *text);
#endif
