/* SPDX-License-Identifier: MIT */
/*
 * Cuts and joins the pieces of the boot log (rawlog.h; TCG PC Client Platform Firmware Profile 1.05
 * section 10.2 for the records, TCG EFI Protocol Specification 2.0 for the final events table).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/corbel/host.h"
#include "tools/corbel/rawlog.h"

#define RAW_MAX      (4u << 20)
#define PIECE        4096u
#define DIGESTS_MAX  8u
#define FINAL_HEADER 16u /* version and number of records, 8 bytes each */

struct span {
	const uint8_t *data;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static int bad(struct rawlog *log, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(log->error, sizeof(log->error), format, list);
	va_end(list);
	return -EBADMSG;
}

static size_t digest_size(uint16_t alg)
{
	switch (alg) {
	case 0x0004: /* SHA-1 */
		return 20;
	case 0x000B: /* SHA-256 */
	case 0x0012: /* SM3 */
	case 0x0027: /* SHA3-256 */
		return 32;
	case 0x000C: /* SHA-384 */
	case 0x0028: /* SHA3-384 */
		return 48;
	case 0x000D: /* SHA-512 */
	case 0x0029: /* SHA3-512 */
		return 64;
	default:
		return 0;
	}
}

/* Bytes of the TCG_PCR_EVENT2 at the start of `from`; 0: malformed or cut short. */
static size_t record_size(struct span from)
{
	size_t at = 12;
	uint32_t digests, event;

	if (from.size < at) {
		return 0;
	}
	memcpy(&digests, from.data + 8, sizeof(digests));
	if (digests == 0 || digests > DIGESTS_MAX) {
		return 0;
	}
	for (uint32_t i = 0; i < digests; i++) {
		uint16_t alg;
		size_t size;

		if (from.size - at < sizeof(alg)) {
			return 0;
		}
		memcpy(&alg, from.data + at, sizeof(alg));
		size = digest_size(alg);
		if (size == 0 || from.size - at < sizeof(alg) + size) {
			return 0;
		}
		at += sizeof(alg) + size;
	}
	if (from.size - at < sizeof(event)) {
		return 0;
	}
	memcpy(&event, from.data + at, sizeof(event));
	at += sizeof(event);
	return from.size - at < event ? 0 : at + event;
}

/* Shortens `firmware` to where its last record ends. */
static int cut_log(struct rawlog *log, const struct corbel_boot_log *head, struct span *firmware)
{
	struct span last = *firmware;
	size_t size;

	/* The first record, of an older format, is about the log itself and never the last. */
	if (head->last == 0 || head->last >= firmware->size) {
		return bad(log,
			   "the firmware's log of %zu bytes cannot have its last record at %llu",
			   firmware->size, (unsigned long long)head->last);
	}
	last.data += head->last;
	last.size -= head->last;
	size = record_size(last);
	if (size == 0) {
		return bad(log, "the last record of the firmware's log, at byte %llu, is malformed",
			   (unsigned long long)head->last);
	}
	firmware->size = head->last + size;
	return 0;
}

/* Of the final events table only those records that are not in the log. */
static int cut_final(struct rawlog *log, const struct corbel_boot_log *head, struct span *final)
{
	struct span rest = *final;
	uint64_t count;

	if (final->size == 0) {
		return 0;
	}
	if (final->size < FINAL_HEADER) {
		return bad(log, "the final events table is shorter than its header");
	}
	memcpy(&count, final->data + 8, sizeof(count));
	if (count < head->final_skip) {
		return bad(log, "the final events table has %llu records, and had %llu before",
			   (unsigned long long)count, (unsigned long long)head->final_skip);
	}
	rest.data += FINAL_HEADER;
	rest.size -= FINAL_HEADER;
	*final = rest;
	for (uint64_t i = 0; i < count; i++) {
		size_t size = record_size(rest);

		if (size == 0) {
			return bad(log,
				   "record %llu of %llu of the final events table is malformed or "
				   "beyond the table's first %zu bytes",
				   (unsigned long long)i + 1, (unsigned long long)count,
				   final->size + FINAL_HEADER);
		}
		rest.data += size;
		rest.size -= size;
		if (i < head->final_skip) {
			*final = rest;
		}
	}
	final->size = (size_t)(rest.data - final->data);
	return 0;
}

static struct span take(struct span *from, size_t size)
{
	struct span taken = {from->data, size};

	from->data += size;
	from->size -= size;
	return taken;
}

int rawlog_join(struct rawlog *log, const uint8_t *raw, size_t size)
{
	struct span own = {raw, size}, piece[3];
	struct corbel_boot_log head;
	int ret = 0;

	*log = (struct rawlog){0};
	if (size < sizeof(head)) {
		return bad(log, "%zu bytes are shorter than the header", size);
	}
	memcpy(&head, take(&own, sizeof(head)).data, sizeof(head));
	if (head.final_bytes > own.size || head.log_bytes > own.size - head.final_bytes) {
		return bad(log,
			   "cut short: %llu and %llu bytes of the firmware's expected, %zu are "
			   "left",
			   (unsigned long long)head.final_bytes, (unsigned long long)head.log_bytes,
			   own.size);
	}
	piece[1] = take(&own, head.final_bytes);
	piece[0] = take(&own, head.log_bytes);
	piece[2] = own;
	if (head.log_bytes || head.final_bytes) {
		ret = cut_log(log, &head, &piece[0]);
		ret = ret ? ret : cut_final(log, &head, &piece[1]);
	}
	log->data = ret ? NULL : malloc(size);
	if (!log->data) {
		return ret ? ret : -ENOMEM;
	}
	for (unsigned i = 0; i < 3; i++) {
		memcpy(log->data + log->length, piece[i].data, piece[i].size);
		log->length += piece[i].size;
	}
	return 0;
}

int rawlog_load(struct rawlog *log)
{
	uint8_t *raw = malloc(RAW_MAX);
	uint64_t size = 0, next, lost;
	int ret;

	*log = (struct rawlog){0};
	if (!raw) {
		return -ENOMEM;
	}
	do {
		ret = host_corbel_read(CORBEL_OP_boot_log, size, raw + size, PIECE, &next, &lost);
		if (ret > 0 && ((unsigned)ret > PIECE || next != size + (unsigned)ret)) {
			ret = bad(log, "does not advance at byte %llu", (unsigned long long)size);
		} else if (ret > 0 && next > RAW_MAX - PIECE) {
			ret = bad(log, "longer than %u bytes", RAW_MAX - PIECE);
		}
		size += ret > 0 ? (unsigned)ret : 0;
	} while (ret > 0);
	ret = ret ? ret : rawlog_join(log, raw, size);
	free(raw);
	return ret;
}
