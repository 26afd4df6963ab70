/* SPDX-License-Identifier: MIT */
/*
 * Debian's libxlutil as the oracle of the configuration parser: one text for both.
 */
#ifndef CLI_XLUTIL_H
#define CLI_XLUTIL_H
#include <stddef.h>

enum xlutil_verdict {
	XLUTIL_same,       /* both take it and mean the same */
	XLUTIL_refused,    /* neither takes it */
	XLUTIL_stricter,   /* refused here only, with file and line */
	XLUTIL_laxer,      /* taken here only */
	XLUTIL_difference, /* taken by both with another meaning, or refused without file and
			    * line */
};

/* what says the reason of `stricter', what was not taken of `laxer', or where they differ. */
enum xlutil_verdict xlutil_compare(const char *text, size_t size, char *what, size_t what_size);

#endif
