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

#define DATA_MAX    (1u << 20) /* of one event */
#define HCRTM_START 4          /* of PCR 0 after an H-CRTM sequence */

struct reader {
	const uint8_t *data;
	size_t length, at;
	unsigned number; /* of the event */
	size_t start;    /* where it begins */
	uint16_t alg[BANKS_MAX], size[BANKS_MAX];
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

/* The list of algorithms, with their true sizes; SHA-256, which everything is judged by, must be in
 * it. */
static bool algorithms(struct reader *r)
{
	uint32_t count, alg, size;
	bool found = false;

	if (!number(r, 4, &count)) {
		return false;
	}
	if (!count || count > BANKS_MAX) {
		return bad(r, "1 to %u digest algorithms expected, not %u", BANKS_MAX, count);
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
		found |= alg == TPM_ALG_SHA256;
	}
	return found || bad(r, "a SHA-256 bank expected, it is not in the log");
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
			event->has_sha384 = true;
		}
		event->digest[i] = p;
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

/*
 * What PCR 0 starts with (TPM 2.0 part 1, 34.2; PC Client PFP 10.4.5.3): the number of the locality
 * that the firmware started the TPM from, which a remark tells, or 4 when hardware measured its
 * part before (H-CRTM), which is then the first thing measured.  Neither is authentic by itself:
 * what follows from it is compared with the quote.
 */
static void start_value(struct bootlog *log, const struct boot_event *event, bool *started)
{
	static const char locality[16] = "StartupLocality";

	if (*started || event->pcr) {
		return;
	}
	if (event->type != EV_NO_ACTION) {
		*started = true;
		log->start_value =
			event->type == EV_EFI_HCRTM_EVENT ? HCRTM_START : log->start_value;
	} else if (event->size == 17 && !memcmp(event->data, locality, sizeof(locality))) {
		log->start_value = event->data[16];
	}
}

static bool read_events(struct reader *r, struct bootlog *log)
{
	size_t room = 0;
	bool started = false;

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
		start_value(log, &log->event[log->count], &started);
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
		memcpy(log->bank, r.alg, sizeof(log->bank));
		log->banks = r.algorithms;
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

bool event_is(const struct boot_event *event, const uint8_t sha256[32], const uint8_t sha384[48])
{
	return !memcmp(event->sha256, sha256, 32) &&
	       (!event->has_sha384 || !memcmp(event->sha384, sha384, 48));
}

static const EVP_MD *hash_of(uint16_t alg)
{
	switch (alg) {
	case TPM_ALG_SHA256:
		return EVP_sha256();
	case TPM_ALG_SHA384:
		return EVP_sha384();
	case 0x0004:
		return EVP_sha1();
	case 0x000D:
		return EVP_sha512();
	case 0x0012:
		return EVP_sm3();
	case 0x0027:
		return EVP_sha3_256();
	case 0x0028:
		return EVP_sha3_384();
	case 0x0029:
		return EVP_sha3_512();
	default:
		abort(); /* the reader lets no other in */
	}
}

void bank_extend(uint16_t alg, uint8_t *value, const uint8_t *digest)
{
	size_t size = eventlog_digest_size(alg);
	uint8_t both[2 * BANK_DIGEST_MAX];

	memcpy(both, value, size);
	memcpy(both + size, digest, size);
	if (!EVP_Digest(both, 2 * size, value, NULL, hash_of(alg), NULL)) {
		abort();
	}
}

void bootlog_bank(const struct bootlog *log, unsigned n, uint8_t pcr[BOOTLOG_PCRS][BANK_DIGEST_MAX])
{
	size_t size = eventlog_digest_size(log->bank[n]);

	/* All ones in 17-22: no dynamic launch.  Whoever had one started them at zero, and no
	 * quote fits. */
	for (unsigned i = 0; i < BOOTLOG_PCRS; i++) {
		memset(pcr[i], i >= 17 && i <= 22 ? 0xFF : 0, BANK_DIGEST_MAX);
	}
	pcr[0][size - 1] = log->start_value;
	for (size_t i = 0; i < log->count; i++) {
		const struct boot_event *event = &log->event[i];

		if (event->type != EV_NO_ACTION) {
			bank_extend(log->bank[n], pcr[event->pcr], event->digest[n]);
		}
	}
}

void bootlog_values(const struct bootlog *log, uint8_t pcr256[BOOTLOG_PCRS][32],
		    uint8_t pcr384[BOOTLOG_PCRS][48])
{
	uint8_t pcr[BOOTLOG_PCRS][BANK_DIGEST_MAX];

	memset(pcr384, 0, BOOTLOG_PCRS * sizeof(pcr384[0]));
	for (unsigned n = 0; n < log->banks; n++) {
		bool is256 = log->bank[n] == TPM_ALG_SHA256;

		if (!is256 && log->bank[n] != TPM_ALG_SHA384) {
			continue;
		}
		bootlog_bank(log, n, pcr);
		for (unsigned i = 0; i < BOOTLOG_PCRS; i++) {
			memcpy(is256 ? pcr256[i] : pcr384[i], pcr[i], is256 ? 32 : 48);
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
static void unquoted(struct judge *judge)
{
	for (size_t i = 0; i < judge->log->count; i++) {
		const struct boot_event *event = &judge->log->event[i];

		if (event->type != EV_NO_ACTION && !(QUOTE_PCRS & 1u << event->pcr)) {
			char found[64];

			snprintf(found, sizeof(found), "event %u, PCR %u", event->number,
				 event->pcr);
			verdict_add(judge->verdict, "boot.log", ROW_bad,
				    "events in quoted PCRs only", found,
				    "The log has an event in a PCR that a boot of Corbel does not "
				    "use and that no quote covers.");
			judge->boot_log_ok = false;
			return;
		}
	}
}

bool judge_bank(const struct judge *judge, uint16_t alg)
{
	for (unsigned n = 0; n < judge->banks; n++) {
		if (judge->bank[n] == alg) {
			return true;
		}
	}
	return false;
}

static void take_banks(struct judge *judge)
{
	judge->banks = judge->log->banks;
	memcpy(judge->bank, judge->log->bank, sizeof(judge->bank));
	for (unsigned n = 0; n < judge->banks; n++) {
		bootlog_bank(judge->log, n, judge->foreign[n]);
	}
}

void bootlog_replay(struct judge *judge)
{
	char error[256], found[64];

	judge->boot_log_ok = false;
	judge->log = bootlog_parse(judge->e->boot_log.data, judge->e->boot_log.length, error);
	if (!judge->log) {
		verdict_add(judge->verdict, "boot.log", ROW_bad, "a whole log", error,
			    "The boot log cannot be read, so nothing says what was booted.");
		return;
	}
	bootlog_values(judge->log, judge->pcr256, judge->pcr384);
	take_banks(judge);
	judge->pcr_known |= QUOTE_PCRS & ~(1u << CORBEL_CHECKPOINT_PCR);
	judge->boot_log_ok = true;
	unquoted(judge);
	if (judge->boot_log_ok) {
		snprintf(found, sizeof(found), "%zu events", judge->log->count);
		verdict_add(judge->verdict, "boot.log", ROW_ok, "a whole log", found,
			    "The log was read to its last byte; quote.pcrs says whether it is what "
			    "the TPM recorded.");
	}
}
