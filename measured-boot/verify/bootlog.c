/* SPDX-License-Identifier: MIT */
/*
 * Parses and replays the boot log (bootlog.h).  The format is that of the TCG PC Client Platform
 * Firmware Profile: one old-style event with the list of algorithms, then TCG_PCR_EVENT2 entries.
 * Everything here comes from Dom0 of the host that is judged: hostile.
 */
#include "measured-boot/verify/bootlog.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

#include "measured-boot/shared/eventlog.h"

#define ALGORITHMS_MAX 8u
#define DATA_MAX       (1u << 20) /* of one event */

struct reader {
	const uint8_t *data;
	size_t length, at;
	unsigned number; /* of the event */
	size_t start;    /* where it begins */
	uint16_t alg[ALGORITHMS_MAX], size[ALGORITHMS_MAX];
	unsigned algorithms;
	char *error;
};

__attribute__((format(printf, 2, 3))) static bool bad(struct reader *r, const char *format, ...)
{
	va_list list;
	int used = snprintf(r->error, 256, "event %u at byte %zu: ", r->number, r->start);

	va_start(list, format);
	vsnprintf(r->error + used, 256 - used, format, list);
	va_end(list);
	return false;
}

static const uint8_t *take(struct reader *r, size_t length)
{
	const uint8_t *p = r->data + r->at;

	if (length > r->length - r->at) {
		bad(r, "cut short: %zu bytes expected, %zu are left", length, r->length - r->at);
		return NULL;
	}
	r->at += length;
	return p;
}

static bool number(struct reader *r, unsigned bytes, uint32_t *value)
{
	const uint8_t *p = take(r, bytes);

	*value = 0;
	for (unsigned i = 0; p && i < bytes; i++) {
		*value |= (uint32_t)p[i] << (8 * i);
	}
	return p;
}

/* The list of algorithms; both banks that count must be in it, with their true sizes. */
static bool algorithms(struct reader *r)
{
	uint32_t count, alg, size;
	unsigned found = 0;

	if (!number(r, 4, &count)) {
		return false;
	}
	if (!count || count > ALGORITHMS_MAX) {
		return bad(r, "1 to %u digest algorithms expected, not %u", ALGORITHMS_MAX, count);
	}
	for (r->algorithms = 0; r->algorithms < count; r->algorithms++) {
		if (!number(r, 2, &alg) || !number(r, 2, &size)) {
			return false;
		}
		if (!size || size > 64 || size != eventlog_digest_size(alg)) {
			return bad(r, "algorithm 0x%04x with %u bytes is not known", alg, size);
		}
		for (unsigned i = 0; i < r->algorithms; i++) {
			if (r->alg[i] == alg) {
				return bad(r, "algorithm 0x%04x is listed twice", alg);
			}
		}
		r->alg[r->algorithms] = alg;
		r->size[r->algorithms] = size;
		found += alg == TPM_ALG_SHA256 || alg == TPM_ALG_SHA384;
	}
	return found == 2 || bad(r, "SHA-256 and SHA-384 banks expected, one is not in the log");
}

static bool header(struct reader *r)
{
	static const uint8_t none[20];
	uint32_t pcr, type, size, vendor;
	const uint8_t *p;
	size_t end;

	r->number = 0;
	if (!number(r, 4, &pcr) || !number(r, 4, &type) || !(p = take(r, 20)) ||
	    !number(r, 4, &size)) {
		return false;
	}
	end = r->at + size;
	if (pcr || type != EV_NO_ACTION || memcmp(p, none, 20) || size > r->length - r->at) {
		return bad(r, "the header of a crypto-agile log expected");
	}
	if (!(p = take(r, 24))) {
		return false;
	}
	if (memcmp(p, "Spec ID Event03", 16)) {
		return bad(r, "'Spec ID Event03' expected");
	}
	if (!algorithms(r) || !number(r, 1, &vendor) || !take(r, vendor)) {
		return false;
	}
	return r->at == end || bad(r, "header of %u bytes does not end where it says", size);
}

static bool digests(struct reader *r, struct boot_event *event)
{
	uint32_t count, alg;
	unsigned seen = 0;

	if (!number(r, 4, &count)) {
		return false;
	}
	if (count != r->algorithms) {
		return bad(r, "%u digests expected, not %u", r->algorithms, count);
	}
	for (unsigned n = 0; n < count; n++) {
		const uint8_t *p;
		unsigned i = 0;

		if (!number(r, 2, &alg)) {
			return false;
		}
		while (i < r->algorithms && r->alg[i] != alg) {
			i++;
		}
		if (i == r->algorithms || (seen & 1u << i)) {
			return bad(r, "digest of algorithm 0x%04x is %s", alg,
				   i == r->algorithms ? "not in the header's list" : "there twice");
		}
		seen |= 1u << i;
		p = take(r, r->size[i]);
		if (!p) {
			return false;
		}
		if (alg == TPM_ALG_SHA256) {
			memcpy(event->sha256, p, 32);
		} else if (alg == TPM_ALG_SHA384) {
			memcpy(event->sha384, p, 48);
		}
	}
	return true;
}

static bool read_event(struct reader *r, struct boot_event *event)
{
	r->number++;
	r->start = r->at;
	event->number = r->number;
	if (!number(r, 4, &event->pcr) || !number(r, 4, &event->type)) {
		return false;
	}
	/* A remark may be about no PCR. */
	if (event->pcr >= BOOTLOG_PCRS && event->type != EV_NO_ACTION) {
		return bad(r, "PCR below %u expected, not %u", BOOTLOG_PCRS, event->pcr);
	}
	if (!digests(r, event) || !number(r, 4, &event->size)) {
		return false;
	}
	if (event->size > DATA_MAX) {
		return bad(r, "event data of at most %u bytes expected, not %u", DATA_MAX,
			   event->size);
	}
	event->data = take(r, event->size);
	return event->data;
}

/* "StartupLocality": the firmware started the TPM from there, and PCR 0 starts with its number. */
static void remark(struct bootlog *log, const struct boot_event *event)
{
	if (event->size == 17 && !memcmp(event->data, "StartupLocality", 16)) {
		log->locality = event->data[16];
	}
}

static bool read_events(struct reader *r, struct bootlog *log)
{
	size_t room = 0;

	while (r->at < r->length) {
		if (log->count == BOOTLOG_EVENTS_MAX) {
			return bad(r, "at most %u events expected", BOOTLOG_EVENTS_MAX);
		}
		if (log->count == room) {
			struct boot_event *more;

			room = room ? 2 * room : 64;
			more = realloc(log->event, room * sizeof(*more));
			if (!more) {
				return bad(r, "out of memory");
			}
			log->event = more;
		}
		memset(&log->event[log->count], 0, sizeof(*log->event));
		if (!read_event(r, &log->event[log->count])) {
			return false;
		}
		if (log->event[log->count].type == EV_NO_ACTION) {
			remark(log, &log->event[log->count]);
		}
		log->count++;
	}
	return true;
}

struct bootlog *bootlog_parse(const uint8_t *data, size_t length, char error[256])
{
	struct reader r = {.data = data, .length = length, .error = error};
	struct bootlog *log = calloc(1, sizeof(*log));

	if (!log) {
		snprintf(error, 256, "out of memory");
		return NULL;
	}
	if (!length) {
		snprintf(error, 256, "the log is empty");
	} else if (header(&r) && read_events(&r, log)) {
		return log;
	}
	bootlog_free(log);
	return NULL;
}

void bootlog_free(struct bootlog *log)
{
	if (log) {
		free(log->event);
		free(log);
	}
}

void digest_both(const void *data, size_t length, uint8_t sha256[32], uint8_t sha384[48])
{
	if (!EVP_Digest(data, length, sha256, NULL, EVP_sha256(), NULL) ||
	    !EVP_Digest(data, length, sha384, NULL, EVP_sha384(), NULL)) {
		abort();
	}
}

void bootlog_values(const struct bootlog *log, uint8_t pcr256[BOOTLOG_PCRS][32],
		    uint8_t pcr384[BOOTLOG_PCRS][48])
{
	/* All ones in 17-22: no dynamic launch.  Whoever had one started them at zero, and no
	 * quote fits. */
	for (unsigned i = 0; i < BOOTLOG_PCRS; i++) {
		memset(pcr256[i], i >= 17 && i <= 22 ? 0xFF : 0, 32);
		memset(pcr384[i], i >= 17 && i <= 22 ? 0xFF : 0, 48);
	}
	pcr256[0][31] = pcr384[0][47] = log->locality;
	for (size_t i = 0; i < log->count; i++) {
		const struct boot_event *event = &log->event[i];
		uint8_t both[96];

		if (event->type == EV_NO_ACTION) {
			continue;
		}
		memcpy(both, pcr256[event->pcr], 32);
		memcpy(both + 32, event->sha256, 32);
		if (!EVP_Digest(both, 64, pcr256[event->pcr], NULL, EVP_sha256(), NULL)) {
			abort();
		}
		memcpy(both, pcr384[event->pcr], 48);
		memcpy(both + 48, event->sha384, 48);
		if (!EVP_Digest(both, 96, pcr384[event->pcr], NULL, EVP_sha384(), NULL)) {
			abort();
		}
	}
}

size_t bootlog_of_pcr(const struct bootlog *log, uint32_t pcr, const struct boot_event **out,
		      size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < log->count; i++) {
		if (log->event[i].pcr == pcr && log->event[i].type != EV_NO_ACTION) {
			if (count < max) {
				out[count] = &log->event[i];
			}
			count++;
		}
	}
	return count;
}

void text_escape(const void *text, size_t length, char *out, size_t room)
{
	const uint8_t *p = text;
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		bool plain = p[i] >= ' ' && p[i] < 127 && p[i] != '\\';

		if (used + (plain ? 1 : 4) + 4 > room) {
			strcpy(out + used, "...");
			return;
		}
		used += plain ? snprintf(out + used, room - used, "%c", p[i])
			      : snprintf(out + used, room - used, "\\x%02x", p[i]);
	}
	out[used] = 0;
}

/* Events in PCRs that no quote covers could have been made up: nothing may rest on them, and a
 * boot of ours has none. */
static void unquoted(struct judge *j)
{
	for (size_t i = 0; i < j->log->count; i++) {
		const struct boot_event *event = &j->log->event[i];

		if (event->type != EV_NO_ACTION && !(QUOTE_PCRS & 1u << event->pcr)) {
			char found[64];

			snprintf(found, sizeof(found), "event %u, PCR %u", event->number,
				 event->pcr);
			verdict_add(j->v, "boot.log", ROW_bad, "events in quoted PCRs only", found,
				    "The log has an event in a PCR that a boot of Corbel does not "
				    "use and that no quote covers.");
			j->boot_log_ok = false;
			return;
		}
	}
}

void bootlog_replay(struct judge *j)
{
	char error[256], found[64];

	j->boot_log_ok = false;
	j->log = bootlog_parse(j->e->boot_log.data, j->e->boot_log.length, error);
	if (!j->log) {
		verdict_add(j->v, "boot.log", ROW_bad, "a whole log", error,
			    "The boot log cannot be read, so nothing says what was booted.");
		return;
	}
	bootlog_values(j->log, j->pcr256, j->pcr384);
	j->pcr_known |= QUOTE_PCRS & ~(1u << CORBEL_CHECKPOINT_PCR);
	j->boot_log_ok = true;
	unquoted(j);
	if (j->boot_log_ok) {
		snprintf(found, sizeof(found), "%zu events", j->log->count);
		verdict_add(j->v, "boot.log", ROW_ok, "a whole log", found,
			    "The log was read to its last byte; quote.pcrs says whether it is what "
			    "the TPM recorded.");
	}
}
