/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary bytes as a domain's configuration: what is taken here and by Debian's libxlutil means
 * the same to both, what is refused is refused with file and line.
 */
#include <stdint.h>
#include <stdlib.h>

#include "cli/xlutil.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char what[512];

	/* libxlutil keeps a value when it meets a syntax error; a short text keeps that small. */
	if (size < 4096 &&
	    xlutil_compare((const char *)data, size, what, sizeof(what)) == XLUTIL_difference) {
		abort();
	}
	return 0;
}
