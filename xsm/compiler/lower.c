/* SPDX-License-Identifier: MIT */
/*
 * corbel-lower: turns the binary policy that secilc makes into the blob that the hypervisor loads,
 * and loads it once with the hypervisor's own code, so that what would be refused at boot is
 * refused at build time.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/lib/files.h"
#include "xsm/compiler/source.h"

static void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void die(const char *format, ...)
{
	va_list arguments;

	fputs("corbel-lower: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

static void usage(FILE *to)
{
	fputs("usage: corbel-lower POLICYDB BLOB\n"
	      "       corbel-lower --list BLOB\n"
	      "POLICYDB is the output of `secilc -t xen -c 30`.  The second form prints every right\n"
	      "in a blob: SUBJECT OBJECT CLASS PERMISSION RELATION [audited], sorted.\n",
	      to);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	char error[512];

	if (files_write(path, bytes, size, error, sizeof(error)) != 0) {
		die("cannot write %s", error);
	}
}

static int lower(const char *policydb, const char *path)
{
	struct source source;
	struct xsm_policy policy;
	const char *why = NULL;
	size_t size;
	void *blob;

	if (!source_read(&source, policydb)) {
		die("%s: %s", policydb, source.error);
	}
	blob = emit_blob(&source, &size);
	if (blob == NULL) {
		die("%s: %s", policydb, source.error);
	}
	if (xsm_policy_parse(&policy, blob, size, &why) != 0 ||
	    xsm_floor_check(&policy, &why) != 0) {
		die("%s: the hypervisor would refuse it: %s", policydb, why);
	}
	write_file(path, blob, size);
	free(blob);
	source_free(&source);
	return 0;
}

static void list_pair(const struct xsm_policy *p, unsigned s, unsigned t, unsigned relation)
{
	static const char *const name[XSM_RELATION_COUNT] = {"same", "over", "under", "apart"};
	struct xsm_label subject = {.ctx = (uint16_t)s}, object = {.ctx = (uint16_t)t};

	for (unsigned c = 0; c < XSM_CLASS_COUNT; c++) {
		for (unsigned b = 0; b < 32 && source_perm_name[c][b] != NULL; b++) {
			if ((xsm_masks(p, s, t, relation)[c] >> b & 1) != 0) {
				printf("%s %s %s %s %s%s\n", xsm_label_name(p, subject),
				       xsm_label_name(p, object), source_class_name[c],
				       source_perm_name[c][b], name[relation],
				       xsm_audited(p, subject, object, c * 32 + b) ? " audited"
										   : "");
			}
		}
	}
}

static void *read_file(const char *path, size_t *size)
{
	char error[512];
	void *bytes = files_read(path, 16 << 20, size, error, sizeof(error));

	if (bytes == NULL) {
		die("%s", error);
	}
	return bytes;
}

static int list(const char *path)
{
	struct xsm_policy p;
	const char *why;
	size_t size;
	void *blob = read_file(path, &size);

	if (xsm_policy_parse(&p, blob, size, &why) != 0) {
		die("%s: %s", path, why);
	}
	for (unsigned s = 0; s < p.contexts; s++) {
		for (unsigned t = 0; t < p.contexts; t++) {
			for (unsigned r = 0; r < XSM_RELATION_COUNT; r++) {
				list_pair(&p, s, t, r);
			}
		}
	}
	free(blob);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "--list") == 0) {
		return list(argv[2]);
	}
	if (argc != 3 || argv[1][0] == '-') {
		usage(stderr);
		return 2;
	}
	return lower(argv[1], argv[2]);
}
