/* SPDX-License-Identifier: MIT */
/*
 * corbel-reference: what a verifier is to expect, computed from the files alone.  Host side, run
 * by whoever will rely on the values, on files that he trusts or has built; still every file is
 * parsed within bounds, and what cannot be told for certain is refused and not guessed.
 */
#ifndef MEASURED_BOOT_REFERENCE_H
#define MEASURED_BOOT_REFERENCE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { STATUS_yes, STATUS_no, STATUS_bad };

/* "corbel-reference: ..." on stderr; the value is false. */
bool bad(const char *format, ...) __attribute__((format(printf, 1, 2)));
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* command.c: the whole program; returns the exit status. */
int reference_main(int argc, char **argv);

/* The verbs: argv[0] is the verb, the value the exit status. */
int verb_host(int argc, char **argv);
int verb_tenant(int argc, char **argv);
int verb_firmware(int argc, char **argv);

extern const char help_host[], help_tenant[], help_firmware[];
int usage_error(const char *help, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A whole decimal number; false with a message that names `what`. */
bool take_number(const char *what, const char *text, uint64_t most, uint64_t *out);

/* ---- JSON: two-space indent by the caller, one value per call ------------------------------ */

void put_text(FILE *out, const char *text);
void put_hex(FILE *out, const uint8_t *bytes, size_t size); /* with its quotes */
/* `"sha256": "...", "sha384": "..."` */
void put_digests(FILE *out, const uint8_t digest[2][64]);
/* False with a message: `what` has a byte that is not ASCII, and JSON would change it. */
bool check_text(const char *what, const char *text);

/* A document that is written whole or not at all.  path NULL or "-": standard output. */
struct document {
	char *bytes;
	size_t size;
	FILE *out;
};
bool document_open(struct document *d);
bool document_close(struct document *d, const char *path);
#endif
