/* SPDX-License-Identifier: MIT */
/*
 * What a launch plan says of Dom0, in the builder's own reading.
 */
#ifndef MEASURED_BOOT_REFERENCE_PLAN_H
#define MEASURED_BOOT_REFERENCE_PLAN_H
#include <stdbool.h>
#include <stdint.h>

struct plan_facts {
	char cmdline[2048];
	uint64_t memory_pages;
	uint64_t kernel_size, initrd_size;
	uint32_t vcpus;
};

/* False: a message that names the file as `shown` is on stderr. */
bool plan_read(const char *path, const char *shown, struct plan_facts *facts);
#endif
