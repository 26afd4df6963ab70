/* SPDX-License-Identifier: MIT */
/*
 * Fixture of the whole-build tests (builder_flow.c, builder_refuse.c).
 */
#ifndef BUILDER_BUILDER_FIXTURE_H
#define BUILDER_BUILDER_FIXTURE_H
#include "tests/unit/builder/builder_images.h"
#include "tests/unit/builder/builder_sim.h"
#include "tools/plan/encode.h"

#define BZ_ENTRY   0x1000850u
#define INITRD_LEN 70001u

union test_kernel {
	struct test_elf elf;
	uint8_t bz[TEST_BZ_SIZE];
};

extern struct request request; /* change it, then encode() */
extern uint8_t encoded[CORBEL_REQUEST_MAX];
extern size_t encoded_len;
extern uint8_t initrd[INITRD_LEN];
extern union test_kernel kernel;

/* How Dom0 behaves on the ring. */
extern int peer_gives_up, peer_is_short, peer_scribbles, peer_is_silent, peer_is_gone;
extern uint32_t peer_max_len; /* the most it was asked for at once */
extern const uint8_t *policy_file;
extern struct corbel_builder_start ring_start; /* of instances that serve the ring */

int builder_setup(void **state);
int builder_teardown(void **state);
void encode(void);
void use_elf(void);
void use_bzimage(void);
int run_ring(void);    /* one build over the ring */
int run_modules(void); /* one build of Dom0 */

/* Unpackers: one that does all that a Linux stub does, one that only leaves a note at note_at. */
void stub_unpacks(void);
extern uint64_t note_at;
void stub_places_note(void);

void check_digests(void);
void check_start_info(uint32_t flags);
void check_staging_wiped(void);
void check_elf_loaded(void);
void check_failed(int rc, int error, const char *reason);
void check_ring_failed(int rc, int error, const char *reason);
#endif
