/* SPDX-License-Identifier: MIT */
/*
 * Facts about this boot that host_info reports.  Filled by boot/host.c and launch/builder.c;
 * counters are raised by whoever refuses (atomically), everything else is written before Dom0 runs
 * or under the builder's restart.
 */
#ifndef BASE_HOST_H
#define BASE_HOST_H
#include <stdbool.h>
#include <stdint.h>

#define HOST_VERSION "corbel 0.1"

struct host_state {
	uint32_t flags; /* CORBEL_HOST_* */
	uint8_t boot_id[32], policy_digest[32], builder_image[32], builder_memory[32];
	uint32_t builder_instance, builder_svn;
	uint64_t policy_serial; /* of the policy in force */
	uint32_t policy_switches;
	uint64_t audit_denied;
	bool policy_audits;        /* the policy wants some allowed calls on record */
	uint8_t policy_key[2][32]; /* SHA-256 of the operator's keys, all zero: none */
};

extern struct host_state host;
#endif
