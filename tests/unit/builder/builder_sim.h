/* SPDX-License-Identifier: MIT */
/*
 * A simulated hypervisor under the builder's real files: the four machine functions, the calls, the
 * new domain's memory (a sparse file, mapped where the builder maps it) and a Dom0 that answers the
 * ring.  It checks the order of calls as strictly as the hypervisor does.
 */
#ifndef BUILDER_BUILDER_SIM_H
#define BUILDER_BUILDER_SIM_H
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/corbel.h"
#include "builder-domain/abi.h"

#define SIM_DOMID     7
#define SIM_RING_REF  8u
#define SIM_DATA_REF  16u
#define SIM_PORT      5u
#define SIM_LOG_BYTES 8192

struct sim {
	/* set by the test */
	int large_extents;   /* how many 2 MiB extents the host has; -1: any number */
	long pages_left;     /* frames the host has */
	int populate_error;  /* what each call that asks for frames ends with, 0: as it should */
	long pages_dirty;    /* and will have: 512 more with each call that finds none */
	int seal_leaks;      /* the hypervisor maps what is sealed */
	uint64_t refuse_gfn; /* of the new domain: it cannot be mapped */
	uint16_t bad_device; /* giving this one returns bad_device_error */
	long bad_device_error;
	long fail_call[64];   /* errno that Corbel's call of this sub-op returns */
	void (*stub)(void);   /* the image's unpacker */
	uint16_t stub_state;  /* CORBEL_STUB_* */
	uint64_t stub_rip;    /* where it ended */
	void (*peer)(void);   /* Dom0, run whenever the builder waits or notifies */
	uint64_t cycles_step; /* per look at the clock */
	uint32_t kind;        /* of the session, CORBEL_SESSION_* */
	long policy_result;   /* of policy_load, with reason, standing, revoked */
	const char *policy_reason;
	uint32_t standing, revoked;
	/* seen */
	struct corbel_build_create create;
	struct corbel_build_commit commit;
	struct corbel_build_stub stub_args;
	struct corbel_build_vcpu vcpu;
	struct corbel_build_seal seal;
	struct corbel_build_grant grant[2]; /* in the order in which they were made */
	struct corbel_policy_load policy;   /* as handed in */
	uint8_t blob[CORBEL_POLICY_MAX];
	uint64_t param[64];
	uint16_t device[CORBEL_RQ_DEVICES_MAX]; /* given, in the order of calls */
	unsigned created, devices, committed, loaded, sealed, granted, stub_waits, notified;
	long mapped;            /* foreign mappings that exist */
	long populated;         /* 4 KiB pages */
	uint32_t unbound_ports; /* numbered from 1 */
	int shared_info_mapped;
	char log[SIM_LOG_BYTES];
	size_t log_len;
	jmp_buf crashed;
};
extern struct sim sim;

void sim_reset(void);
void sim_module(unsigned index, void *bytes); /* readable at CORBEL_BUILDER_MODULE + index GiB/16 */
uint64_t sim_module_gpa(unsigned index);
/* The new domain's memory and Dom0's pages, behind the builder's back. */
void sim_target_read(uint64_t gpa, void *out, size_t len);
void sim_target_write(uint64_t gpa, const void *in, size_t len);
int sim_target_is_zero(uint64_t gpa, size_t len);
struct corbel_ring *sim_ring(void);
uint8_t *sim_data(void); /* CORBEL_RING_MAX_DATA pages */
#endif
