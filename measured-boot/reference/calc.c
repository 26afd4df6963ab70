/* SPDX-License-Identifier: MIT */
/*
 * Expected PCR values of a Corbel boot, computed from the files.  Host code, trusted by whoever
 * uses the values as a reference; hashes with OpenSSL, so that a fault in the hypervisor's own
 * SHA-2 shows as a difference.
 *
 * PCR 4 follows OVMF: the attempt to boot, the separator, GRUB.  PCR 8 and 9 follow GRUB's tpm
 * module with a configuration embedded in the GRUB image: for each file in order, its bytes into
 * PCR 9 and its command line, without NUL, into PCR 8.  PCR 17 and 18 follow
 * measured-boot/image/measure.h; the records come from the hypervisor's own source.
 */
#include "measured-boot/reference/calc.h"
#include "measured-boot/shared/eventlog.h"
#include "measured-boot/reference/reference.h"
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "tools/lib/files.h"

const struct calc_bank calc_bank[CALC_BANKS] = {{"sha256", 32}, {"sha384", 48}};

static const EVP_MD *algorithm(unsigned bank)
{
	return bank == 0 ? EVP_sha256() : EVP_sha384();
}

static bool digest(unsigned bank, const void *data, size_t len, uint8_t *out)
{
	return EVP_Digest(data, len, out, NULL, algorithm(bank), NULL) == 1;
}

static bool hash_stream(FILE *f, struct calc_file *file, EVP_MD_CTX *const context[CALC_BANKS])
{
	static uint8_t chunk[1 << 16];
	size_t n;

	for (unsigned b = 0; b < CALC_BANKS; b++) {
		if (EVP_DigestInit_ex(context[b], algorithm(b), NULL) != 1) {
			return false;
		}
	}
	file->size = 0;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
		file->size += n;
		for (unsigned b = 0; b < CALC_BANKS; b++) {
			if (EVP_DigestUpdate(context[b], chunk, n) != 1) {
				return false;
			}
		}
	}
	for (unsigned b = 0; b < CALC_BANKS; b++) {
		if (EVP_DigestFinal_ex(context[b], file->digest[b], NULL) != 1) {
			return false;
		}
	}
	return !ferror(f);
}

bool calc_read(struct calc_file *file)
{
	EVP_MD_CTX *context[CALC_BANKS] = {EVP_MD_CTX_new(), EVP_MD_CTX_new()};
	const char *shown = file->shown ? file->shown : file->path;
	const char *why;
	FILE *f = files_open_stream(file->path, &why);
	bool good = false;

	if (!f) {
		bad("%s: cannot be opened: %s", shown, why);
	} else {
		errno = 0;
		good = context[0] && context[1] && hash_stream(f, file, context);
		if (!good) {
			bad("%s: cannot be read: %s", shown,
			    errno ? strerror(errno) : "hashing failed");
		}
		fclose(f);
	}
	EVP_MD_CTX_free(context[0]);
	EVP_MD_CTX_free(context[1]);
	if (good && file->size == 0) {
		good = bad("%s: is empty", shown);
	}
	return good;
}

bool calc_digest(const struct calc_piece *piece, unsigned count, uint8_t out[CALC_BANKS][64])
{
	for (unsigned b = 0; b < CALC_BANKS; b++) {
		EVP_MD_CTX *context = EVP_MD_CTX_new();
		bool good = context && EVP_DigestInit_ex(context, algorithm(b), NULL) == 1;

		for (unsigned i = 0; good && i < count; i++) {
			good = EVP_DigestUpdate(context, piece[i].bytes, piece[i].size) == 1;
		}
		good = good && EVP_DigestFinal_ex(context, out[b], NULL) == 1;
		EVP_MD_CTX_free(context);
		if (!good) {
			return false;
		}
	}
	return true;
}

static void extend(struct calc_pcr *pcr, unsigned bank, const uint8_t *with)
{
	unsigned size = calc_bank[bank].size;
	uint8_t both[128];

	memcpy(both, pcr->value[bank], size);
	memcpy(both + size, with, size);
	digest(bank, both, 2 * size, pcr->value[bank]);
}

static void extend_data(struct calc_pcr *pcr, const void *data, size_t len)
{
	uint8_t value[64];

	for (unsigned b = 0; b < CALC_BANKS; b++) {
		digest(b, data, len, value);
		extend(pcr, b, value);
	}
}

/* The module whose string begins with the kind's name. */
static const struct calc_file *find(const struct calc_file *file, unsigned count, const char *name)
{
	size_t len = strlen(name);

	for (unsigned i = 1; i < count; i++) {
		if (strncmp(file[i].string, name, len) == 0 &&
		    (file[i].string[len] == 0 || file[i].string[len] == ' ')) {
			return &file[i];
		}
	}
	return NULL;
}

static void chain_loader(const struct calc_file *file, unsigned count, struct calc_pcr *strings,
			 struct calc_pcr *files)
{
	for (unsigned i = 0; i < count; i++) {
		for (unsigned b = 0; b < CALC_BANKS; b++) {
			extend(files, b, file[i].digest[b]);
		}
		extend_data(strings, file[i].string, strlen(file[i].string));
	}
}

static bool chain_kind(const struct calc_file *file, unsigned count, enum measure_kind kind,
		       struct calc_pcr *pcr)
{
	static struct eventlog_data data;
	const struct calc_file *from = find(file, count, eventlog_name(kind));
	const char *text = "";
	struct calc_file config = {.string = file[0].string};

	if (kind == MEASURE_config) {
		text = config.string;
		config.size = strlen(text);
		for (unsigned b = 0; b < CALC_BANKS; b++) {
			digest(b, text, config.size, config.digest[b]);
		}
		from = &config;
	} else if (!from && kind == MEASURE_initrd) {
		return true;
	} else if (!from) {
		return bad("no module '%s' in the boot entry", eventlog_name(kind));
	}
	if (!eventlog_record(&data, kind, text, strlen(text), from->size, from->digest[0],
			     from->digest[1])) {
		return bad("the hypervisor's command line is longer than %u bytes",
			   EVENTLOG_TEXT_MAX);
	}
	extend_data(pcr, data.byte, data.len);
	return true;
}

static void chain_firmware(const uint8_t grub[CALC_BANKS][64], struct calc_pcr *pcr)
{
	static const char action[] = "Calling EFI Application from Boot Option";
	static const uint8_t separator[4];

	extend_data(pcr, action, sizeof(action) - 1);
	extend_data(pcr, separator, sizeof(separator));
	for (unsigned b = 0; b < CALC_BANKS; b++) {
		extend(pcr, b, grub[b]);
	}
}

bool calc_chain(const uint8_t grub[CALC_BANKS][64], const struct calc_file *file, unsigned count,
		struct calc_pcr pcr[CALC_PCRS])
{
	static const unsigned index[CALC_PCRS] = {4, 8, 9, 17, 18, 19};
	static struct eventlog_data separator;

	memset(pcr, 0, CALC_PCRS * sizeof(*pcr));
	for (unsigned i = 0; i < CALC_PCRS; i++) {
		pcr[i].index = index[i];
		if (index[i] >= EVENTLOG_FIRST_PCR) {
			memset(pcr[i].value, 0xFF, sizeof(pcr[i].value));
		}
	}
	chain_firmware(grub, &pcr[0]);
	chain_loader(file, count, &pcr[1], &pcr[2]);
	for (enum measure_kind kind = MEASURE_config; kind < MEASURE_kind_end; kind++) {
		if (!chain_kind(file, count, kind, &pcr[eventlog_pcr(kind) == 17 ? 3 : 4])) {
			return false;
		}
	}
	eventlog_separator(&separator, false);
	for (unsigned i = 3; i < CALC_PCRS; i++) {
		extend_data(&pcr[i], separator.byte, separator.len);
	}
	return true;
}
