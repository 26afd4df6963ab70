/* SPDX-License-Identifier: MIT */
/*
 * corbel-measure: prints the PCR values that a boot of the given files must show.  Host code; its
 * input is the operator's own files and its output the reference that a host is judged by.
 */
#include "measured-boot/tool/calc.h"
#include "measured-boot/eventlog.h"
#include <stdio.h>
#include <string.h>

static const char usage[] =
	"usage: corbel-measure --hypervisor FILE --cmdline STRING --module FILE STRING ... [--text]\n"
	"\n"
	"Prints the values of PCR 8, 9, 17 and 18, in the SHA-256 and SHA-384 banks, that a boot of\n"
	"these files by Corbel's GRUB image must show.\n"
	"\n"
	"  --hypervisor FILE     the file that GRUB's multiboot2 command loads\n"
	"  --cmdline STRING      its arguments\n"
	"  --module FILE STRING  one module2 command; repeat, in the order of the boot entry.  The\n"
	"                        first word of STRING is policy, builder, plan, kernel or initrd\n"
	"  --text                lines `pcr INDEX BANK HEX` and `file NAME BANK HEX PATH`, not JSON\n"
	"  --help                this text\n"
	"\n"
	"Exit status: 0; 1 a file cannot be used; 2 wrong usage.\n";

struct options {
	struct calc_file file[CALC_FILES];
	unsigned count; /* file[0] is kept for the hypervisor */
	bool text, help;
};

static bool wrong(const char *what, const char *word)
{
	fprintf(stderr, "corbel-measure: %s '%s' (--help shows the usage)\n", what, word);
	return false;
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

static bool add_module(struct options *o, const char *path, const char *string)
{
	if (!known_module(string)) {
		return wrong("unknown module", string);
	}
	for (unsigned i = 1; i < o->count; i++) {
		size_t len = strcspn(string, " ");

		if (strncmp(o->file[i].string, string, len) == 0 &&
		    strcspn(o->file[i].string, " ") == len) {
			return wrong("module given twice:", string);
		}
	}
	o->file[o->count].path = path;
	o->file[o->count].string = string;
	o->count++;
	return true;
}

static bool parse(struct options *o, int argc, char **argv)
{
	o->count = 1;
	for (int i = 1; i < argc; i++) {
		int left = argc - 1 - i;

		if (strcmp(argv[i], "--text") == 0) {
			o->text = true;
		} else if (strcmp(argv[i], "--help") == 0) {
			o->help = true;
			return true;
		} else if (strcmp(argv[i], "--hypervisor") == 0 && left >= 1) {
			o->file[0].path = argv[++i];
		} else if (strcmp(argv[i], "--cmdline") == 0 && left >= 1) {
			o->file[0].string = argv[++i];
		} else if (strcmp(argv[i], "--module") == 0 && left >= 2) {
			if (!add_module(o, argv[i + 1], argv[i + 2])) {
				return false;
			}
			i += 2;
		} else {
			return wrong("unknown option, or its value is missing:", argv[i]);
		}
	}
	if (!o->file[0].path) {
		return wrong("missing option", "--hypervisor");
	}
	return o->file[0].string || wrong("missing option", "--cmdline");
}

static void print_hex(const uint8_t *p, unsigned len)
{
	for (unsigned i = 0; i < len; i++) {
		printf("%02x", p[i]);
	}
}

/* The first word of the module's string; the hypervisor has no such word. */
static void print_name(const struct options *o, unsigned i)
{
	const char *name = i ? o->file[i].string : "hypervisor";

	printf("%.*s", (int)strcspn(name, " "), name);
}

static void print_text(const struct options *o, const struct calc_pcr *pcr)
{
	for (unsigned i = 0; i < CALC_PCRS; i++) {
		for (unsigned b = 0; b < CALC_BANKS; b++) {
			printf("pcr %u %s ", pcr[i].index, calc_bank[b].name);
			print_hex(pcr[i].value[b], calc_bank[b].size);
			printf("\n");
		}
	}
	for (unsigned i = 0; i < o->count; i++) {
		for (unsigned b = 0; b < CALC_BANKS; b++) {
			printf("file ");
			print_name(o, i);
			printf(" %s ", calc_bank[b].name);
			print_hex(o->file[i].digest[b], calc_bank[b].size);
			printf(" %s\n", o->file[i].path);
		}
	}
}

/* Bytes above 0x7F pass: paths are taken to be UTF-8. */
static void print_quoted(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\') {
			printf("\\%c", *s);
		} else if ((unsigned char)*s < 0x20) {
			printf("\\u%04x", *s);
		} else {
			putchar(*s);
		}
	}
	putchar('"');
}

static void print_digests(const uint8_t digest[CALC_BANKS][64])
{
	for (unsigned b = 0; b < CALC_BANKS; b++) {
		printf("%s\"%s\": \"", b ? ", " : "", calc_bank[b].name);
		print_hex(digest[b], calc_bank[b].size);
		putchar('"');
	}
}

static void print_json(const struct options *o, const struct calc_pcr *pcr)
{
	printf("{\n  \"pcr\": {\n");
	for (unsigned i = 0; i < CALC_PCRS; i++) {
		printf("    \"%u\": { ", pcr[i].index);
		print_digests(pcr[i].value);
		printf(" }%s\n", i + 1 < CALC_PCRS ? "," : "");
	}
	printf("  },\n  \"files\": [\n");
	for (unsigned i = 0; i < o->count; i++) {
		printf("    { \"name\": \"");
		print_name(o, i);
		printf("\", \"path\": ");
		print_quoted(o->file[i].path);
		printf(", \"string\": ");
		print_quoted(o->file[i].string);
		printf(", \"size\": %llu, ", (unsigned long long)o->file[i].size);
		print_digests(o->file[i].digest);
		printf(" }%s\n", i + 1 < o->count ? "," : "");
	}
	printf("  ]\n}\n");
}

int main(int argc, char **argv)
{
	static struct options o;
	struct calc_pcr pcr[CALC_PCRS];

	if (!parse(&o, argc, argv)) {
		return 2;
	}
	if (o.help) {
		fputs(usage, stdout);
		return 0;
	}
	for (unsigned i = 0; i < o.count; i++) {
		if (!calc_read(&o.file[i])) {
			return 1;
		}
	}
	if (!calc_chain(o.file, o.count, pcr)) {
		return 1;
	}
	if (o.text) {
		print_text(&o, pcr);
	} else {
		print_json(&o, pcr);
	}
	if (fflush(stdout) != 0) {
		perror("corbel-measure: cannot write the result");
		return 1;
	}
	return 0;
}
