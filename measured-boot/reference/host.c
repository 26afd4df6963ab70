/* SPDX-License-Identifier: MIT */
/*
 * `corbel-reference host`: everything that a boot of a host image shows, read from that image
 * alone: what GRUB loads, in which order and with which words stands in GRUB's own configuration,
 * and what Dom0 is to be in the launch plan.
 */
#include "abi/corbel.h"
#include "abi/log.h"
#include "measured-boot/shared/eventlog.h"
#include "measured-boot/reference/calc.h"
#include "measured-boot/reference/grub.h"
#include "measured-boot/reference/image.h"
#include "measured-boot/reference/pe.h"
#include "measured-boot/reference/plan.h"
#include "measured-boot/reference/reference.h"
#include "tools/lib/files.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define GRUB_PATH  "/EFI/BOOT/BOOTX64.EFI" /* UEFI 3.5.1.1: what a removable medium starts */
#define FILE_MAX   (1ul << 30)
#define NAME_BYTES 63u

const char help_host[] =
	"usage: corbel-reference host IMAGE [--name NAME] [--hypervisor-svn N] [--text] [-o FILE]\n"
	"\n"
	"What every boot of a host image shows: the digest of GRUB as the firmware measures it, of\n"
	"each file that GRUB loads and of its words, and the values of PCR 4, 8, 9, 17, 18 and 19 in\n"
	"the SHA-256 and SHA-384 banks.  All is read from the image: IMAGE is the file system\n"
	"(esp.img) or the folder with the same files.\n"
	"\n"
	"  --name NAME          what a verdict calls it; default: the image's file name\n"
	"  --hypervisor-svn N   of the image's sources, if they are not those of this program\n"
	"  --text               lines `pcr INDEX BANK HEX` and `file NAME BANK HEX PATH`, not JSON\n"
	"  -o FILE              where to write it; default: standard output\n"
	"\n"
	"Examples:\n"
	"  corbel-reference host build/esp.img -o esp.reference.json\n"
	"  corbel-reference host build/esp --text\n";

struct host {
	const char *name;
	struct image image;
	struct pe grub;
	char *grub_path, *grub_shown;
	struct grub_entry entry;
	struct calc_file file[GRUB_FILES_MAX];
	char *path[GRUB_FILES_MAX], *shown[GRUB_FILES_MAX];
	unsigned count;
	struct calc_pcr pcr[CALC_PCRS];
	uint64_t hypervisor_svn, builder_svn, policy_serial;
	bool test_build;
	struct plan_facts plan;
};

/* ---- the files ---------------------------------------------------------------------------- */

/* A module is known by the first word of its string; the hypervisor has none. */
static const char *name_of(const struct host *h, unsigned i)
{
	return i > 0 && i < GRUB_FILES_MAX ? h->file[i].string : "hypervisor";
}

static int length_of_name(const struct host *h, unsigned i)
{
	return (int)strcspn(name_of(h, i), " ");
}

static int find_module(const struct host *h, const char *name)
{
	for (unsigned i = 1; i < h->count; i++) {
		if ((size_t)length_of_name(h, i) == strlen(name) &&
		    strncmp(h->file[i].string, name, strlen(name)) == 0) {
			return (int)i;
		}
	}
	return -1;
}

static bool known_module(const char *string)
{
	size_t len = strcspn(string, " ");

	for (enum measure_kind kind = MEASURE_policy; kind < MEASURE_kind_end; kind++) {
		const char *name = eventlog_name(kind);

		if (strlen(name) == len && strncmp(name, string, len) == 0) {
			return true;
		}
	}
	return false;
}

static bool read_grub(struct host *h)
{
	const char *config;
	char error[512];

	if (!image_find(&h->image, GRUB_PATH, &h->grub_path, &h->grub_shown)) {
		return false;
	}
	h->grub.shown = h->grub_shown;
	h->grub.bytes = files_read(h->grub_path, FILE_MAX, &h->grub.size, error, sizeof(error));
	if (!h->grub.bytes) {
		return bad("%s", error);
	}
	config = pe_read(&h->grub) ? pe_grub_config(&h->grub) : NULL;
	return config && grub_parse(h->grub_shown, config, &h->entry);
}

static bool read_files(struct host *h)
{
	for (unsigned i = 0; i < h->entry.count; i++) {
		const struct grub_file *from = &h->entry.file[i];

		if (i > 0 && !known_module(from->string)) {
			return bad("%s: configuration line %u: expected policy, builder, plan, "
				   "kernel or initrd behind the path, found '%.64s'",
				   h->grub_shown, from->line, from->string);
		}
		h->file[i].string = from->string;
		if (!image_find(&h->image, from->path, &h->path[i], &h->shown[i])) {
			return false;
		}
		h->count = i; /* so that a module is compared with those before it */
		if (find_module(h, strndupa(from->string, (size_t)length_of_name(h, i))) >= 0) {
			return bad("%s: configuration line %u: a second module '%.64s'",
				   h->grub_shown, from->line, from->string);
		}
		h->file[i].path = h->path[i];
		h->file[i].shown = h->shown[i];
		if (!check_text(h->grub_shown, from->string) || !calc_read(&h->file[i])) {
			return false;
		}
		h->count = i + 1;
	}
	for (enum measure_kind kind = MEASURE_policy; kind < MEASURE_initrd; kind++) {
		if (find_module(h, eventlog_name(kind)) < 0) {
			return bad("%s: configuration: no module2 for '%s': the hypervisor would "
				   "not start",
				   h->grub_shown, eventlog_name(kind));
		}
	}
	return true;
}

/* ---- what the files say ------------------------------------------------------------------- */

/* As the hypervisor reads its command line: the first word of that name counts. */
static bool read_options(struct host *h)
{
	static const char name[] = "policy-serial";
	const char *word = h->file[0].string;
	char what[256], text[32];

	for (; *word; word += strcspn(word, " "), word += strspn(word, " ")) {
		size_t len = strcspn(word, " "), key = strcspn(word, "= ");

		if (key != strlen(name) || strncmp(word, name, key) != 0) {
			continue;
		}
		snprintf(what, sizeof(what), "%s: hypervisor option policy-serial", h->grub_shown);
		if (len - key > 19) {
			return bad("%s: more than 18 digits", what);
		}
		snprintf(text, sizeof(text), "%.*s", len > key ? (int)(len - key - 1) : 0,
			 len > key ? word + key + 1 : "");
		return take_number(what, *text ? text : "0", 999999999999999999, &h->policy_serial);
	}
	return true;
}

static bool read_builder(struct host *h)
{
	int i = find_module(h, "builder");
	struct corbel_builder_header header;
	char error[512];
	size_t size = 0;
	uint8_t *bytes = files_read(h->path[i], FILE_MAX, &size, error, sizeof(error));
	bool good;

	if (!bytes) {
		return bad("%s", error);
	}
	memset(&header, 0, sizeof(header));
	memcpy(&header, bytes, size < sizeof(header) ? size : sizeof(header));
	free(bytes);
	good = size >= sizeof(header) && header.magic == CORBEL_BUILDER_MAGIC &&
	       header.size == size;
	if (!good) {
		return bad("%s: header: not a builder image of %zu bytes", h->shown[i], size);
	}
	h->test_build = header.flags & 1;
	h->builder_svn = header.svn;
	return true;
}

static bool read_plan(struct host *h)
{
	int plan = find_module(h, "plan"), kernel = find_module(h, "kernel");
	int initrd = find_module(h, "initrd");
	uint64_t initrd_size = initrd < 0 ? 0 : h->file[initrd].size;

	if (!plan_read(h->path[plan], h->shown[plan], &h->plan)) {
		return false;
	}
	if (h->plan.kernel_size != h->file[kernel].size) {
		return bad("%s: kernel: the plan says %llu bytes, %s has %llu", h->shown[plan],
			   (unsigned long long)h->plan.kernel_size, h->shown[kernel],
			   (unsigned long long)h->file[kernel].size);
	}
	if (h->plan.initrd_size != initrd_size) {
		return bad("%s: initrd: the plan says %llu bytes, %s has %llu", h->shown[plan],
			   (unsigned long long)h->plan.initrd_size,
			   initrd < 0 ? "the absent module" : h->shown[initrd],
			   (unsigned long long)initrd_size);
	}
	return check_text(h->shown[plan], h->plan.cmdline);
}

/* ---- output ------------------------------------------------------------------------------- */

static void write_json(const struct host *h, FILE *out)
{
	fprintf(out, "{\n  \"format\": \"corbel.reference.1\",\n  \"name\": ");
	put_text(out, h->name);
	fprintf(out,
		",\n  \"hypervisor_svn\": %llu,\n  \"builder_svn\": %llu,\n"
		"  \"policy_serial\": %llu,\n  \"components\": [\n"
		"    {\"name\": \"grub\", \"pcr\": 4, ",
		(unsigned long long)h->hypervisor_svn, (unsigned long long)h->builder_svn,
		(unsigned long long)h->policy_serial);
	put_digests(out, h->grub.digest);
	for (unsigned i = 0; i < h->count; i++) {
		fprintf(out, "},\n    {\"name\": \"%.*s\", \"pcr\": 9, \"string\": ",
			length_of_name(h, i), name_of(h, i));
		put_text(out, h->file[i].string);
		fprintf(out, ", \"size\": %llu, ", (unsigned long long)h->file[i].size);
		put_digests(out, h->file[i].digest);
	}
	fputs("}\n  ],\n  \"pcr\": {\n", out);
	for (unsigned i = 0; i < CALC_PCRS; i++) {
		fprintf(out, "    \"%u\": {", h->pcr[i].index);
		put_digests(out, h->pcr[i].value);
		fprintf(out, "}%s\n", i + 1 < CALC_PCRS ? "," : "");
	}
	fputs("  },\n  \"dom0_cmdline\": ", out);
	put_text(out, h->plan.cmdline);
	fprintf(out, ",\n  \"dom0_memory_pages\": %llu,\n  \"dom0_vcpus\": %u\n}\n",
		(unsigned long long)h->plan.memory_pages, h->plan.vcpus);
}

static void write_hex(FILE *out, const uint8_t *bytes, unsigned size)
{
	for (unsigned i = 0; i < size; i++) {
		fprintf(out, "%02x", bytes[i]);
	}
}

static void write_file_line(const char *name, int length, unsigned bank, const uint8_t *digest,
			    const char *path, FILE *out)
{
	fprintf(out, "file %.*s %s ", length, name, calc_bank[bank].name);
	write_hex(out, digest, calc_bank[bank].size);
	fprintf(out, " %s\n", path);
}

static void write_text(const struct host *h, FILE *out)
{
	for (unsigned i = 0; i < CALC_PCRS; i++) {
		for (unsigned b = 0; b < CALC_BANKS; b++) {
			fprintf(out, "pcr %u %s ", h->pcr[i].index, calc_bank[b].name);
			write_hex(out, h->pcr[i].value[b], calc_bank[b].size);
			fputc('\n', out);
		}
	}
	for (unsigned b = 0; b < CALC_BANKS; b++) {
		write_file_line("grub", 4, b, h->grub.digest[b], h->grub_shown, out);
	}
	for (unsigned i = 0; i < h->count; i++) {
		for (unsigned b = 0; b < CALC_BANKS; b++) {
			write_file_line(name_of(h, i), length_of_name(h, i), b,
					h->file[i].digest[b], h->shown[i], out);
		}
	}
}

/* ---- the verb ----------------------------------------------------------------------------- */

static int run(struct host *h, const char *path, bool text, const char *output)
{
	struct document document;
	bool good = image_open(&h->image, path) && read_grub(h) && read_files(h) &&
		    read_options(h) && read_builder(h) && read_plan(h) &&
		    calc_chain((const uint8_t(*)[64])h->grub.digest, h->file, h->count, h->pcr) &&
		    document_open(&document);

	if (good && h->test_build && !text) {
		warn("%s: has a test build of the builder: a host with it is never trusted",
		     h->image.shown);
	}
	if (good) {
		(text ? write_text : write_json)(h, document.out);
		good = document_close(&document, output);
	}
	image_close(&h->image);
	grub_free(&h->entry);
	for (unsigned i = 0; i < GRUB_FILES_MAX; i++) {
		free(h->path[i]);
		free(h->shown[i]);
	}
	free((void *)h->grub.bytes);
	free(h->grub_path);
	free(h->grub_shown);
	return good ? STATUS_yes : STATUS_bad;
}

/* The last part of the path, without `.img`; cut off where it is too long for a name. */
static void default_name(const char *path, char name[NAME_BYTES + 2])
{
	size_t end = strlen(path), start, len;

	while (end > 1 && path[end - 1] == '/') {
		end--;
	}
	start = end;
	while (start > 0 && path[start - 1] != '/') {
		start--;
	}
	len = end - start;
	if (len > 4 && strncmp(path + end - 4, ".img", 4) == 0) {
		len -= 4;
	}
	snprintf(name, NAME_BYTES + 2, "%.*s", (int)len, path + start);
}

int verb_host(int argc, char **argv)
{
	static const struct option longs[] = {{"name", required_argument, NULL, 'n'},
					      {"hypervisor-svn", required_argument, NULL, 's'},
					      {"text", no_argument, NULL, 't'},
					      {NULL, 0, NULL, 0}};
	static struct host h = {.hypervisor_svn = CORBEL_HYPERVISOR_SVN};
	const char *output = NULL;
	char made[NAME_BYTES + 2];
	bool text = false;
	int option;

	while ((option = getopt_long(argc, argv, "o:", longs, NULL)) != -1) {
		if (option == 'n') {
			h.name = optarg;
		} else if (option == 's') {
			if (!take_number("--hypervisor-svn", optarg, UINT32_MAX,
					 &h.hypervisor_svn)) {
				return STATUS_bad;
			}
		} else if (option == 't') {
			text = true;
		} else if (option == 'o') {
			output = optarg;
		} else {
			return usage_error(help_host, "host: see the options below");
		}
	}
	if (argc - optind != 1) {
		return usage_error(help_host, "host: expected one image, not %d", argc - optind);
	}
	if (!h.name) {
		default_name(argv[optind], made);
		h.name = made;
	}
	if (!h.name[0] || strlen(h.name) > NAME_BYTES) {
		bad("--name: expected 1 to %u bytes, not '%.80s'", NAME_BYTES, h.name);
		return STATUS_bad;
	}
	return check_text("--name", h.name) ? run(&h, argv[optind], text, output) : STATUS_bad;
}
