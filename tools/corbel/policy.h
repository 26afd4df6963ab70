/* SPDX-License-Identifier: MIT */
/*
 * Verb policy and its words.
 */
#ifndef CORBEL_TOOL_POLICY_H
#define CORBEL_TOOL_POLICY_H
#include "tools/corbel/host.h"

/* `policy load`; argv[0] is "load". */
int policy_load(int argc, char **argv);
/* Prints the help of the verb; returns EXIT_USAGE. */
int policy_usage(void);
/* Keeps the policy that waits, or returns to the one before.  Returns 0 or a negative errno. */
int policy_decide(bool keep);

/* A key as its owner is known by: SHA-256 of 0x04, X, Y. */
void policy_key_digest(const uint8_t key[64], uint8_t digest[CORBEL_DIGEST_LEN]);
#define HEX_DIGEST (2 * CORBEL_DIGEST_LEN + 1)
void hex_digest(const uint8_t digest[CORBEL_DIGEST_LEN], char text[HEX_DIGEST]);

#endif
