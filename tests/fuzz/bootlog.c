/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary event logs against the reference and profile of a recorded boot: raw bytes, or changes
 * of the recorded log's bytes (first byte odd: u16 offset, u8 length, bytes, repeated).  Whatever
 * is accepted event by event must also replay to the recorded PCR values: the two ways to judge a
 * boot may not disagree.
 */
#include <stdlib.h>
#include <string.h>

#include "measured-boot/shared/eventlog.h"
#include "measured-boot/verify/bootlog.h"
#include "measured-boot/verify/json.h"
#include "measured-boot/verify/reference.h"

#define GOLDEN "tests/golden/verify/"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes golden;
static struct reference *reference;
static uint8_t good256[24][32], good384[24][48];

static void need(bool good, const char *what)
{
	if (!good) {
		fprintf(stderr, "bootlog: %s\n", what);
		exit(2);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const references[] = {GOLDEN "reference.json", NULL};
	static const struct verify_inputs in = {.references = references,
						.firmware = GOLDEN "firmware.json",
						.firmware_key = GOLDEN "firmware.pem"};
	struct bootlog *log;
	char error[256];

	(void)argc;
	(void)argv;
	need(file_read(GOLDEN "bootlog.bin", 1 << 20, &golden, error), error);
	log = bootlog_parse(golden.data, golden.length, error);
	need(log, error);
	bootlog_values(log, good256, good384);
	bootlog_free(log);
	reference = reference_read(&in, NULL);
	need(reference->profile && !reference->error[0], "golden reference");
	return 0;
}

static void changes(uint8_t *log, size_t length, const uint8_t *data, size_t size)
{
	while (size > 3) {
		size_t at = (size_t)(data[0] | data[1] << 8) % length, count = data[2];

		data += 3;
		size -= 3;
		count = count < size ? count : size;
		count = count < length - at ? count : length - at;
		memcpy(log + at, data, count);
		data += count;
		size -= count;
	}
}

/* Whether every event is as the references have it. */
static bool accepted(struct judge *j)
{
	bool good = true;

	appraise_firmware(j);
	appraise_against(j, &reference->file[0], j->verdict);
	for (size_t i = 0; i < j->verdict->count; i++) {
		good &= j->verdict->row[i].result == ROW_ok;
	}
	return good;
}

static void judge(const uint8_t *data, size_t size)
{
	struct evidence e = {.boot_log = {(uint8_t *)data, size}};
	struct verdict v = {0};
	struct judge j = {.e = &e, .verdict = &v, .reference = reference, .pcrs_ok = true};

	bootlog_replay(&j);
	if (j.log && accepted(&j)) {
		for (unsigned pcr = 0; pcr < 24; pcr++) {
			if ((QUOTE_PCRS & 1u << pcr) && pcr != CORBEL_CHECKPOINT_PCR &&
			    (memcmp(j.pcr256[pcr], good256[pcr], 32) ||
			     (judge_bank(&j, TPM_ALG_SHA384) &&
			      memcmp(j.pcr384[pcr], good384[pcr], 48))) &&
			    !j.log->start_value) {
				abort();
			}
		}
	}
	bootlog_free(j.log);
	verdict_free(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;
	size_t length = size;

	if (size && data[0] & 1) {
		length = golden.length;
	}
	copy = malloc(length ? length : 1);
	if (length != size || (size && data[0] & 1)) {
		memcpy(copy, golden.data, length);
		changes(copy, length, data + 1, size - 1);
	} else if (size) {
		memcpy(copy, data, size);
	}
	judge(copy, length);
	free(copy);
	return 0;
}
