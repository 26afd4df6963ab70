/* SPDX-License-Identifier: MIT */
/*
 * Test kernels as Dom0: the client of the builder's request ring, and what a test does with a
 * tenant once it is built: relay its console, wait for its end, take it down.
 *
 * A tenant test image prints `ok - X` and `not ok - X: WHY` on its console; the relay counts them
 * as the Dom0 kernel's own under "NAME: X".
 */
#ifndef GUEST_TENANT_H
#define GUEST_TENANT_H
#include "tests/guest/lib/xen.h"
#include "builder-domain/abi.h"

#define TENANT_LABEL "system_u:system_r:tenant.t"

struct build {
	/* the request; 0 or null fields get defaults (see build_default) */
	const char *name, *label, *cmdline;
	uint32_t memory_mib, vcpus, weight, flags;
	uint8_t uuid[16];
	const uint8_t *kernel, *initrd;
	uint64_t kernel_size, initrd_size;
	const struct corbel_owner_manifest *owner;
	const uint16_t *devices; /* as the request has them */
	uint32_t device_count;
	const uint8_t *policy; /* of a policy session: the signed file */
	uint64_t policy_size;
	/* Called for each range that the builder wants, after the data is in place and before the
	 * answer.  false: give up. */
	bool (*answer)(struct build *b, struct corbel_ring *ring, uint8_t *data);
	/* Called while nothing is asked for, every millisecond then. */
	void (*idle)(struct build *b);
	/* Called when the ring page is ready, before it is posted. */
	void (*spoil)(struct corbel_ring *ring);
	uint64_t timeout_ns; /* 0: 30 s */
	uint32_t data_pages; /* 0: all */
	/* the outcome */
	bool ended;        /* the ring said done or failed in time */
	bool builder_died; /* without a word on the ring: result is -EIO then */
	int32_t result;
	uint16_t domid;
	uint32_t standing, revoked; /* of a policy session */
	uint32_t instance;          /* as written to the ring */
	uint32_t wants;             /* ranges asked for */
	uint64_t set_tsc;           /* TSC just before rendezvous_set */
	char reason[128];
};

/* Events, grants, ring and data pages.  Once per test kernel, before anything else here. */
void ring_client_init(void);
/* The canonical encoding of b; returns its size. */
size_t request_encode(const struct build *b, uint8_t *out);
/* Posts these request bytes and serves the session until it ends. */
void session_run(struct build *b, const uint8_t *request, size_t size);
/* request_encode + session_run; true when a domain came out of it. */
bool build_run(struct build *b);
/* The same, and broken() when it fails: for tests that need the tenant. */
void build_must(struct build *b);
/* Fills kernel from the archive, or broken(). */
void build_image(struct build *b, const char *file);
/* A policy session with b's signed file; flags and confirm_s as in corbel_policy_request.  True
 * when the policy was loaded, or checked. */
bool policy_run(struct build *b, uint32_t flags, uint32_t confirm_s);
/* The ring page, for tests that fill it with garbage, and what a raw rendezvous_set needs. */
extern struct corbel_ring *client_ring;
extern uint8_t *client_data;
/* rendezvous_set with the client's ring and port; *instance: who will serve. */
long session_post(uint32_t *instance);
bool session_wait(uint64_t timeout_ns); /* for the next notification from the builder */

enum tenant_end {
	TENANT_lives,
	TENANT_off,     /* SHUTDOWN_poweroff */
	TENANT_crashed, /* crash, of its own wish or the hypervisor's */
	TENANT_other,
	TENANT_gone /* no such domain any more */
};

struct tenant {
	char name[32];
	uint16_t domid;
	uint32_t console_handle, console_port;
	unsigned slot;
	bool attached;
	char line[256];
	unsigned line_used;
	char log[4096]; /* everything it printed, cut */
	unsigned log_used;
};

/* Whether the test runs under build/policy/NAME.bin (cloud when the launcher says nothing). */
bool under_policy(const char *name);
/* Maps the console ring and binds its port. */
void tenant_attach(struct tenant *t, const char *name, uint16_t domid, unsigned slot);
void tenant_drain(struct tenant *t);
/* One byte into its console. */
void tenant_type(struct tenant *t);
/* Waits for it. */
bool tenant_said(struct tenant *t, const char *text, uint64_t timeout_ns);
enum tenant_end tenant_state(struct tenant *t);
enum tenant_end tenant_wait(struct tenant *t, uint64_t timeout_ns);
/* Why the hypervisor ended it; "" when unknown. */
void tenant_crash_reason(struct tenant *t, char *reason, size_t size);
void tenant_detach(struct tenant *t);
void tenant_destroy(struct tenant *t); /* detach, destroy, wait until it is gone */
const char *tenant_end_name(enum tenant_end end);
#endif
