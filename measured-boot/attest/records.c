/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor says: checkpoint, launch log (by way of Dom0's store), boot log.  The store
 * is held against the checkpoint's root here already, so that the operator of a damaged one learns
 * it from his own machine and not from a verifier.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "measured-boot/attest/attest.h"
#include "measured-boot/verify/verify.h"
#include "tools/corbel/host.h"
#include "tools/corbel/launchlog.h"
#include "tools/corbel/rawlog.h"
#include "tools/lib/files.h"

#define AGAIN_MS 30000
#define PAUSE_MS 20
/* Reports that do not carry the verifier's nonce: only the newest, a domain may have made
 * millions. */
#define OLD_REPORTS_MAX 64
#define REPORTS_MAX     1024
/* Builder instances that ended in vain, as many as images that did not build: no verdict rests on
 * them, and all of them could be more than a verifier reads. */
#define BUILDERS_MAX 256

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int records_checkpoint(struct records *records, const uint8_t nonce[CORBEL_NONCE_LEN])
{
	struct corbel_checkpoint *checkpoint = &records->checkpoint;
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};
	int64_t deadline = now_ms() + AGAIN_MS;
	int ret;

	for (;;) {
		memset(checkpoint, 0, sizeof(*checkpoint));
		memcpy(checkpoint->nonce, nonce, CORBEL_NONCE_LEN);
		ret = host_corbel(CORBEL_OP_checkpoint, checkpoint, sizeof(*checkpoint));
		if (ret != -EAGAIN || now_ms() > deadline) {
			break;
		}
		nanosleep(&pause, NULL);
	}
	switch (ret < 0 ? ret : 0) {
	case 0:
		break;
	case -EAGAIN:
		return attest_error("no checkpoint: the TPM was busy for %d s: who holds it?",
				    AGAIN_MS / 1000);
	case -ENODEV:
		return attest_error("no checkpoint: this host is unmeasured (`corbel host' says "
				    "why): there is nothing to attest");
	case -EPERM:
		return attest_error("no checkpoint: not permitted: xen:checkpoint");
	default:
		return attest_error("no checkpoint: %s", strerror(-ret));
	}
	if (memcmp(checkpoint->magic, CORBEL_CHECKPOINT_MAGIC, sizeof(checkpoint->magic)) != 0 ||
	    memcmp(checkpoint->nonce, nonce, CORBEL_NONCE_LEN) != 0) {
		return attest_error("the hypervisor's checkpoint is not for this nonce");
	}
	return ATTEST_OK;
}

int records_store(void)
{
	char why[512];

	return launchlog_store(why, sizeof(why)) ? attest_error("%s", why) : ATTEST_OK;
}

/* ---- launch log ---------------------------------------------------------------------------- */

/* The first record that cannot be right as it stands, for the message; count: all look right. */
static uint64_t find_wrong(const struct records *records)
{
	uint64_t i = 0;

	for (; i < records->count; i++) {
		const struct corbel_log_record *record = &records->record[i];

		if (memcmp(record->magic, CORBEL_LOG_MAGIC, sizeof(record->magic)) != 0 ||
		    record->index != i ||
		    memcmp(record->boot_id, records->checkpoint.boot_id, sizeof(record->boot_id)) !=
			    0) {
			break;
		}
	}
	return i;
}

static int check_root(struct records *records, const char *path)
{
	static const char what[] = "the stored launch log is not the hypervisor's: a record is "
				   "lost or altered";
	merkle_hash root;
	uint64_t wrong;

	records->leaf = attest_alloc(records->count * sizeof(merkle_hash));
	for (uint64_t i = 0; i < records->count; i++) {
		merkle_leaf(&records->record[i], sizeof(records->record[i]), records->leaf[i]);
	}
	merkle_root(records->leaf, records->count, root);
	if (!memcmp(root, records->checkpoint.root, sizeof(root))) {
		return ATTEST_OK;
	}
	wrong = find_wrong(records);
	if (wrong < records->count) {
		return attest_error("%s (%s, record %llu)", what, path, (unsigned long long)wrong);
	}
	return attest_error("%s (%s)", what, path);
}

static int load_log(struct records *records)
{
	struct launchlog log;
	int ret;

	if (launchlog_open(&log)) {
		return attest_error("%s", log.error);
	}
	files_input(log.path);
	if (memcmp(log.boot_id, records->checkpoint.boot_id, sizeof(log.boot_id)) != 0) {
		launchlog_close(&log);
		return attest_error("the checkpoint is of another boot");
	}
	records->count = records->checkpoint.size;
	if (!launchlog_drain(&log)) {
		records->record = launchlog_map(&log, records->count);
	}
	ret = records->record ? check_root(records, log.path) : attest_error("%s", log.error);
	launchlog_close(&log);
	return ret;
}

/* ---- boot log ----------------------------------------------------------------------------- */

static int load_boot_log(struct records *records)
{
	struct rawlog log;
	int ret = rawlog_load(&log);

	if (ret == -EBADMSG) {
		return attest_error("the boot log: %s", log.error);
	}
	if (ret < 0) {
		return attest_error("cannot read the boot log: %s",
				    ret == -EPERM ? "not permitted: xen:measure" : strerror(-ret));
	}
	records->boot_log = log.data;
	records->boot_log_length = log.length;
	return ATTEST_OK;
}

int records_load(struct records *records)
{
	int ret = load_log(records);

	return ret ? ret : load_boot_log(records);
}

void records_free(struct records *records)
{
	launchlog_unmap(records->record, records->count);
	free(records->leaf);
	free(records->boot_log);
}

/* ---- choice ------------------------------------------------------------------------------- */

uint64_t records_launch(const struct records *records, uint16_t domid)
{
	for (uint64_t i = records->count; i-- > 0;) {
		if (records->record[i].type == CORBEL_LOG_launch &&
		    records->record[i].domid == domid) {
			return i;
		}
	}
	return 0;
}

static bool is_among(uint64_t index, const uint64_t *launch, size_t launches)
{
	for (size_t i = 0; i < launches; i++) {
		if (launch[i] == index) {
			return true;
		}
	}
	return false;
}

int records_choose(const struct records *records, const uint64_t *launch, size_t launches,
		   const uint8_t nonce[CORBEL_NONCE_LEN], bool *wanted)
{
	unsigned old = 0, fresh = 0, builders = 0;
	size_t count = 0;

	for (uint64_t i = records->count; i-- > 0;) {
		const struct corbel_log_record *record = &records->record[i];
		const struct corbel_log_report *report = &record->body.report;

		switch (record->type) {
		case CORBEL_LOG_launch:
			wanted[i] = is_among(i, launch, launches);
			break;
		case CORBEL_LOG_destroy:
			wanted[i] = is_among(record->body.destroy.launch, launch, launches);
			break;
		case CORBEL_LOG_report:
			if (is_among(report->launch, launch, launches)) {
				bool answers = !memcmp(report->data, nonce, CORBEL_NONCE_LEN);

				wanted[i] = answers || old++ < OLD_REPORTS_MAX;
				fresh += answers;
			}
			break;
		case CORBEL_LOG_builder:
			wanted[i] = builders++ < BUILDERS_MAX;
			break;
		default: /* boot, policies: the host's own */
			wanted[i] = true;
		}
		count += wanted[i];
	}
	if (fresh > REPORTS_MAX) {
		return attest_error("%u reports carry this nonce, and evidence has room for %u: "
				    "ask with another nonce",
				    fresh, REPORTS_MAX);
	}
	if (count > EVIDENCE_RECORDS_MAX) {
		return attest_error("the evidence would have %zu records, and a verifier reads "
				    "%u: ask for fewer domains, or boot the host anew",
				    count, EVIDENCE_RECORDS_MAX);
	}
	return ATTEST_OK;
}
