/* SPDX-License-Identifier: MIT */
/*
 * One comparison of a boot with one reference: what appraise.c (the boot loader's events) and
 * records.c (Corbel's own) share.
 */
#ifndef MEASURED_BOOT_VERIFY_APPRAISE_H
#define MEASURED_BOOT_VERIFY_APPRAISE_H
#include "measured-boot/shared/eventlog.h"
#include "measured-boot/verify/align.h"
#include "measured-boot/verify/reference.h"

/* Corbel's record of one thing, beside what the reference makes of it. */
struct record {
	char fault[160]; /* "" if it is as expected */
	char expected[136], found[136];
};

struct appraisal {
	const struct reference_file *file;
	struct verdict *verdict;
	struct expected_event read[COMPONENTS_MAX], line[COMPONENTS_MAX]; /* PCR 9, PCR 8 */
	uint8_t line_sha256[COMPONENTS_MAX][32], line_sha384[COMPONENTS_MAX][48];
	const struct boot_event *extra_read[ALIGN_MAX], *extra_line[ALIGN_MAX];
	size_t extra_read_count, extra_line_count;
	struct record record[MEASURE_kind_end];
	char chain_fault[EVENTLOG_LAST_PCR + 1 - EVENTLOG_FIRST_PCR][160];
};

/* A bad row for a file that the boot loader did not read as expected. */
void file_difference(struct verdict *verdict, const char *row, const struct expected_event *read);

/* records.c: fills a->record and a->chain_fault. */
void records_align(const struct judge *judge, struct appraisal *a);
/* records.c: pcr17, pcr18, pcr19 */
void records_rows(const struct judge *judge, struct appraisal *a);
#endif
