/* SPDX-License-Identifier: MIT */
/*
 * corbel-attest in unit tests: run in this process with a TPM, a real swtpm or one that is made up,
 * and a fake hypervisor, whose checkpoints go into that TPM.  What it writes is read by the
 * verifier's own parts.
 */
#ifndef ATTEST_ATTEST_FIXTURE_H
#define ATTEST_ATTEST_FIXTURE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sim/fake_log.h"
#include "measured-boot/attest/attest.h"
#include "measured-boot/verify/verify.h"

#define NONCE_A "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
#define NONCE_B "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"
#define NONCE_C "c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3"

extern char folder[64], tcti[128]; /* the store and the present folder; the TPM */
extern char *said, *printed;       /* by the last run: stderr, stdout */
extern const char *print_to;       /* what stdout is then, if not NULL */

/* The hypervisor: the next checkpoints answer -EAGAIN so many times, or fail with this error. */
extern int again, checkpoint_error;
extern bool wrong_pcr; /* somebody else's checkpoint comes between */
extern unsigned calls; /* of checkpoint */
extern void (*after_checkpoint)(struct corbel_checkpoint *answer);
/* Of the first `size` records. */
void root_of(uint64_t size, merkle_hash root);

/* The TPM: of attest_swtpm.c or attest_made_up.c. */
void tpm_extend(const void *data, size_t length); /* the checkpoint's PCR, from zero */

/* Around all tests, around each. */
int start_tpm(void **state);
int stop_tpm(void **state);
int set_up(void **state);
int tear_down(void **state);

/* The store's file of this boot. */
const char *log_path(void);

int run(const char *const *words);
#define RUN(...) run((const char *const[]){"--tcti", tcti, __VA_ARGS__, NULL})
void assert_done(int status);
void assert_said(int status, int expected, const char *words);

void read_evidence(const char *path, struct evidence *e);
/* Signature, nonce and selection by the verifier's code; PCR 22, proofs and records here. */
void check(const struct evidence *e, const char *nonce);
/* It passes, and has exactly these records in this order; -1 ends the list. */
void assert_evidence(const char *path, const char *nonce, const int *index);
#define EVIDENCE(path, nonce, ...) assert_evidence(path, nonce, (const int[]){__VA_ARGS__, -1})
#endif
