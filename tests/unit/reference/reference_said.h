/* SPDX-License-Identifier: MIT */
/*
 * What the program under test says on stderr, so that a test can look at it.
 */
#ifndef REFERENCE_REFERENCE_SAID_H
#define REFERENCE_REFERENCE_SAID_H

void said_start(void); /* from here on stderr goes to a file */
/* What has been said since said_start(), up to 4 KiB; stderr is as before. */
const char *said_end(void);
#endif
