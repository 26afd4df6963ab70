/* SPDX-License-Identifier: MIT */
/*
 * The Authenticode digest of a PE32+ image, in the order in which UEFI firmware hashes it: headers
 * without checksum and certificate entry, sections by their place in the file, what follows them
 * without the certificates.  Offsets in the file are not believed; each read is within bounds.
 */
#include "measured-boot/reference/pe.h"
#include "measured-boot/reference/calc.h"
#include "measured-boot/reference/reference.h"
#include <stdlib.h>
#include <string.h>

#define SECTIONS_MAX 96 /* Windows' own limit */

struct header {
	size_t checksum, certificate; /* offsets of the fields that are not hashed */
	uint64_t headers_size, certificate_size;
	size_t table; /* of sections */
	unsigned sections;
};

struct section {
	char name[9];
	uint64_t start, size;
};

static uint64_t number(const struct pe *pe, size_t at, unsigned bytes)
{
	uint64_t value = 0;

	memcpy(&value, pe->bytes + at, bytes);
	return value;
}

static bool within(const struct pe *pe, uint64_t start, uint64_t size)
{
	return start <= pe->size && size <= pe->size - start;
}

static bool read_header(const struct pe *pe, struct header *h)
{
	uint64_t at, optional;

	if (!within(pe, 0, 64) || memcmp(pe->bytes, "MZ", 2) != 0) {
		return bad("%s: not a PE image: expected MZ at 0", pe->shown);
	}
	at = number(pe, 60, 4);
	if (!within(pe, at, 24) || memcmp(pe->bytes + at, "PE\0", 4) != 0) {
		return bad("%s: PE header: expected PE at 0x%llx, as the DOS header says",
			   pe->shown, (unsigned long long)at);
	}
	h->sections = (unsigned)number(pe, at + 6, 2);
	optional = number(pe, at + 20, 2);
	at += 24;
	if (optional < 112 + 5 * 8 || !within(pe, at, optional) || number(pe, at, 2) != 0x20B ||
	    number(pe, at + 108, 4) < 5) {
		return bad("%s: optional header: expected PE32+ with at least five directories",
			   pe->shown);
	}
	h->checksum = at + 64;
	h->certificate = at + 112 + 4 * 8;
	h->headers_size = number(pe, at + 60, 4);
	h->certificate_size = number(pe, h->certificate + 4, 4);
	h->table = at + optional;
	if (h->sections == 0 || h->sections > SECTIONS_MAX ||
	    !within(pe, h->table, h->sections * 40ul)) {
		return bad("%s: NumberOfSections: %u, expected 1 to %u within the file", pe->shown,
			   h->sections, SECTIONS_MAX);
	}
	if (!within(pe, 0, h->headers_size) || h->headers_size < h->table + h->sections * 40ul) {
		return bad("%s: SizeOfHeaders: %llu does not end behind the section table and "
			   "within the file's %zu bytes",
			   pe->shown, (unsigned long long)h->headers_size, pe->size);
	}
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct section *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static bool read_sections(struct pe *pe, const struct header *h, struct section *section)
{
	for (unsigned i = 0; i < h->sections; i++) {
		size_t at = h->table + i * 40ul;
		struct section *s = &section[i];

		memcpy(s->name, pe->bytes + at, 8);
		s->name[8] = '\0';
		s->size = number(pe, at + 16, 4);
		s->start = number(pe, at + 20, 4);
		if (s->size && (!within(pe, s->start, s->size) || s->start < h->headers_size)) {
			return bad("%s: section %u: bytes 0x%llx+0x%llx, the file has 0x%zx",
				   pe->shown, i + 1, (unsigned long long)s->start,
				   (unsigned long long)s->size, pe->size);
		}
		if (strcmp(s->name, "mods") == 0) {
			pe->mods = s->start;
			pe->mods_size = s->size;
		}
	}
	qsort(section, h->sections, sizeof(*section), by_start);
	for (unsigned i = 1; i < h->sections; i++) {
		if (section[i].size &&
		    section[i - 1].start + section[i - 1].size > section[i].start &&
		    section[i - 1].size) {
			return bad("%s: sections overlap in the file at 0x%llx", pe->shown,
				   (unsigned long long)section[i].start);
		}
	}
	return true;
}

bool pe_read(struct pe *pe)
{
	struct section section[SECTIONS_MAX];
	struct calc_piece piece[SECTIONS_MAX + 4];
	struct header h = {0};
	uint64_t hashed;
	unsigned count = 0;

	if (!read_header(pe, &h) || !read_sections(pe, &h, section)) {
		return false;
	}
	piece[count++] = (struct calc_piece){pe->bytes, h.checksum};
	piece[count++] =
		(struct calc_piece){pe->bytes + h.checksum + 4, h.certificate - h.checksum - 4};
	piece[count++] = (struct calc_piece){pe->bytes + h.certificate + 8,
					     h.headers_size - h.certificate - 8};
	hashed = h.headers_size;
	for (unsigned i = 0; i < h.sections; i++) {
		piece[count++] = (struct calc_piece){pe->bytes + section[i].start, section[i].size};
		hashed += section[i].size;
	}
	/* The rest is taken from where the sum of the sizes ends: that is the standard's word. */
	if (hashed > pe->size || h.certificate_size > pe->size - hashed) {
		return bad("%s: certificate table: %llu bytes, the sections leave %lld", pe->shown,
			   (unsigned long long)h.certificate_size,
			   (long long)pe->size - (long long)hashed);
	}
	piece[count++] =
		(struct calc_piece){pe->bytes + hashed, pe->size - hashed - h.certificate_size};
	return calc_digest(piece, count, pe->digest) || bad("%s: hashing failed", pe->shown);
}

/* ---- GRUB's modules ----------------------------------------------------------------------- */

#define MODS_MAGIC 0x676d696dull /* "mimg" */
#define MOD_ELF    0
#define MOD_CONFIG 2

/* Whether an ELF object's section .modname is `name`. */
static bool is_module(const struct pe *pe, size_t at, uint64_t size, const char *name)
{
	const uint8_t *elf = pe->bytes + at;
	uint64_t table, names, entry[8];
	unsigned count, strings;

	if (size < 64 || memcmp(elf, "\177ELF\2\1", 6) != 0) {
		return false;
	}
	memcpy(&table, elf + 40, 8);
	count = (unsigned)number(pe, at + 60, 2);
	strings = (unsigned)number(pe, at + 62, 2);
	if (table > size || count * 64ul > size - table || strings >= count) {
		return false;
	}
	memcpy(entry, elf + table + strings * 64ul, 64);
	names = entry[3];
	for (unsigned i = 0; i < count; i++) {
		uint64_t label;

		memcpy(entry, elf + table + i * 64ul, 64);
		label = names + (uint32_t)entry[0];
		if (names < size && label <= size - 9 && memcmp(elf + label, ".modname", 9) == 0 &&
		    entry[3] < size && entry[4] <= size - entry[3] && entry[4] > strlen(name) &&
		    memcmp(elf + entry[3], name, strlen(name) + 1) == 0) {
			return true;
		}
	}
	return false;
}

const char *pe_grub_config(const struct pe *pe)
{
	const char *config = NULL;
	uint64_t at, end, size;
	bool measures = false;

	if (pe->mods_size < 24 || number(pe, pe->mods, 4) != MODS_MAGIC) {
		bad("%s: not a GRUB image: expected a section `mods' that begins with mimg",
		    pe->shown);
		return NULL;
	}
	at = number(pe, pe->mods + 8, 8);
	end = number(pe, pe->mods + 16, 8);
	for (; end <= pe->mods_size && at < end && end - at >= 8; at += size) {
		size_t header = pe->mods + at;
		uint64_t type = number(pe, header, 4);

		size = number(pe, header + 4, 4);
		if (size < 8 || size > end - at) {
			bad("%s: mods: object at 0x%zx has %llu bytes, %llu are left", pe->shown,
			    header, (unsigned long long)size, (unsigned long long)(end - at));
			return NULL;
		}
		measures |= type == MOD_ELF && is_module(pe, header + 8, size - 8, "tpm");
		if (type != MOD_CONFIG) {
			continue;
		}
		if (config || !memchr(pe->bytes + header + 8, 0, size - 8)) {
			bad("%s: mods: %s", pe->shown,
			    config ? "a second configuration" : "the configuration has no end");
			return NULL;
		}
		config = (const char *)pe->bytes + header + 8;
	}
	if (!config || !measures) {
		bad("%s: mods: %s", pe->shown,
		    !config ? "no embedded configuration (grub-mkimage -c)"
			    : "the module tpm is not in the image: it would measure nothing");
		return NULL;
	}
	return config;
}
