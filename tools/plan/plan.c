/* SPDX-License-Identifier: MIT */
/*
 * corbel-plan: turns a launch plan in text into the canonical request that the builder reads as the
 * boot module "plan".  The sizes of kernel and initrd are those of the files named; --kernel and
 * --initrd name other files than the plan does, as when an image is put together elsewhere.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder-domain/abi.h"
#include "tools/lib/files.h"
#include "tools/plan/parse.h"

#define PLAN_TEXT_MAX 65536

static int file_size(const char *path, uint64_t *size)
{
	struct stat st;
	const char *why;
	int fd = files_open(path, &st, &why);

	if (fd < 0) {
		fprintf(stderr, "corbel-plan: %s: %s\n", path, why);
		return -1;
	}
	close(fd);
	*size = (uint64_t)st.st_size;
	return 0;
}

static int read_plan(const char *path, struct plan *plan)
{
	static char text[PLAN_TEXT_MAX];
	char error[256];
	const char *why;
	FILE *f = files_open_stream(path, &why);
	size_t len;

	if (f == NULL) {
		fprintf(stderr, "corbel-plan: %s: %s\n", path, why);
		return -1;
	}
	len = fread(text, 1, sizeof(text), f);
	if (ferror(f) || !feof(f)) {
		fprintf(stderr, "corbel-plan: %s: %s\n", path,
			ferror(f) ? strerror(errno) : "larger than 64 KiB");
		fclose(f);
		return -1;
	}
	fclose(f);
	if (plan_parse(path, text, len, plan, error, sizeof(error)) != 0) {
		fprintf(stderr, "corbel-plan: %s\n", error);
		return -1;
	}
	return 0;
}

static int write_request(const char *path, const uint8_t *bytes, size_t len)
{
	char error[512];

	if (files_write(path, bytes, len, error, sizeof(error)) != 0) {
		fprintf(stderr, "corbel-plan: %s\n", error);
		return -1;
	}
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: corbel-plan [--kernel FILE] [--initrd FILE] PLAN OUTPUT\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"kernel", required_argument, NULL, 'k'},
		{"initrd", required_argument, NULL, 'i'},
		{NULL, 0, NULL, 0},
	};
	static struct plan plan;
	const char *kernel = NULL, *initrd = NULL, *why;
	uint8_t bytes[CORBEL_REQUEST_MAX];
	size_t len;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'k') {
			kernel = optarg;
		} else if (option == 'i') {
			initrd = optarg;
		} else {
			return usage();
		}
	}
	if (argc - optind != 2) {
		return usage();
	}
	if (read_plan(argv[optind], &plan) != 0) {
		return 1;
	}
	kernel = kernel != NULL ? kernel : plan.kernel;
	initrd = initrd != NULL ? initrd : plan.initrd;
	if (file_size(kernel, &plan.request.kernel_size) != 0 ||
	    (initrd[0] != '\0' && file_size(initrd, &plan.request.initrd_size) != 0)) {
		return 1;
	}
	len = request_encode(&plan.request, bytes, sizeof(bytes), &why);
	if (len == 0) {
		fprintf(stderr, "corbel-plan: %s: %s\n", argv[optind], why);
		return 1;
	}
	return write_request(argv[optind + 1], bytes, len) == 0 ? 0 : 1;
}
