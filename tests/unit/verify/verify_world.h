/* SPDX-License-Identifier: MIT */
/*
 * A whole artificial host: its boot log, references, firmware profile, launch log and tenant, all
 * consistent, with evidence as text.  A test changes one thing before or after a step and sees what
 * the verdict makes of it.
 */
#ifndef VERIFY_VERIFY_WORLD_H
#define VERIFY_VERIFY_WORLD_H
#include "verify/verify_fixture.h"
#include "tools/lib/merkle.h"

#define WORLD_FILES  6 /* hypervisor, policy, builder, plan, kernel, initrd */
#define WORLD_TENANT 3 /* index of the tenant's launch record; its report is the next */

struct world {
	struct fixture f;
	/* what boots: digests are of these texts, so a changed text is a changed file */
	char grub[32], file[WORLD_FILES][32], line[WORLD_FILES][96];
	uint8_t log[16384];
	size_t log_length;
	/* the launch log */
	struct corbel_log_record *record;
	merkle_hash *leaf;
	uint64_t size;
	struct corbel_checkpoint checkpoint;
	char reference_file[96], firmware_file[96], firmware_key[96], limits_file[96],
		expect_file[96], bound_file[96];
	const char *references[2];
	uint64_t since; /* of the consistency proof; 0: none */
	char *text;     /* evidence */
	size_t length;
};

/* Everything good: files written, `launches` domains launched besides Dom0, evidence made. */
void world_open(struct world *w, uint64_t launches);
void world_close(struct world *w);

/* The steps of world_open(), to be repeated after a change. */
void world_boot(struct world *w);       /* boot log from grub, file, line */
void world_references(struct world *w); /* reference and profile from the boot log as it is */
void world_leaves(struct world *w);     /* leaf hashes, root and checkpoint */
void world_quote(struct world *w);      /* keys, enrolment, inputs; and world_sign() */
void world_sign(struct world *w);       /* PCR values from the logs, signed */
void world_text(struct world *w);       /* evidence from all of it */

/* Reads and judges the text; returns the status. */
enum verdict_status world_judge(struct world *w);
#endif
