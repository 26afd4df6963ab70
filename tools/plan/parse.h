/* SPDX-License-Identifier: MIT */
/*
 * The text form of a launch plan: lines `key = value`, `#` starts a comment, each key once.  Host
 * side, not trusted: the builder checks the encoded bytes again.
 */
#ifndef PLAN_PARSE_H
#define PLAN_PARSE_H
#include <stddef.h>

#include "tools/plan/encode.h"

#define PLAN_PATH_MAX 1024

struct plan {
	struct request request; /* kernel_size and initrd_size are left for the caller */
	char kernel[PLAN_PATH_MAX];
	char initrd[PLAN_PATH_MAX]; /* empty: none */
};

/* 0, or -1 with a message "FILE:LINE: what is wrong" in error. */
int plan_parse(const char *file, const char *text, size_t len, struct plan *out, char *error,
	       size_t error_size);
#endif
