/* SPDX-License-Identifier: MIT */
/*
 * Parts of tests/unit/gate/deny_rows.c: the world in which each call is made, what a call needs
 * before it (steps), the policy under which it is made, and a picture of everything that a refused
 * call must leave alone.  Host test code; every check that fails ends the process (deny_fail()).
 */
#ifndef GATE_DENY_ROWS_H
#define GATE_DENY_ROWS_H
#include "sim/world.h"

/* Domains of the world, by number. */
enum { DOM0 = 0, BUILDER = 1, TENANT = 2, TARGET = 3, UNFINISHED = 4, XEN = DOMID_XEN };
#define MADE      5u /* the next number */
#define BUFFER(n) ((void *)(uintptr_t)(WORLD_DATA + (n)))
#define WINDOW    (CORBEL_BUILDER_WINDOW >> PAGE_SHIFT)
#define BLOB_AT   0x400000u /* in the builder */
#define SHARED_AT 9u        /* gfn that a domain has granted to another */
#define LOGGED    1u        /* a record of the launch log; none is stored yet */

/* One call with valid arguments, and what it answers when it is allowed. */
struct deny_case {
	uint16_t caller, object; /* object: whom the audit record names */
	void (*prepare)(void);   /* before the call */
	long result;             /* of the allowed call */
	const void *arg;         /* NULL: registers only */
	uint32_t size;
	uint64_t rsi, rdx;
	bool batch; /* one element, refused in its status */
	uint32_t status_at;
	bool silent; /* a list: what may not be seen is not there, and no record */
};

_Noreturn void deny_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define DENY_CHECK(x)                                                                              \
	do {                                                                                       \
		if (!(x)) {                                                                        \
			deny_fail("%s:%d: %s", __FILE__, __LINE__, #x);                            \
		}                                                                                  \
	} while (0)

/* ---- steps ------------------------------------------------------------------------------- */
void deny_world(void); /* the five domains */
void nothing(void);
void lists(void);          /* in the builder: a gfn list, and lists for a foreign mapping */
void committed(void);      /* the unfinished domain */
void stub_ready(void);     /* committed, and a block to unpack to */
void stub_ended(void);     /* and the stub has ended */
void complete(void);       /* has an owner and could be sealed */
void no_build(void);       /* the builder instance has created nothing yet */
void posted(void);         /* no_build, and Dom0 has posted a session */
void session(void);        /* which the builder has taken */
void policy_session(void); /* a session to load a policy; the blob in force lies at BLOB_AT */
void policy_waits(void);   /* it was loaded, and waits to be confirmed */
void granted(void);        /* target -> Dom0, reference 8 */
void mapped(void);         /* granted, and mapped by Dom0 at gfn 0x90 */
void port_for_dom0(void);  /* target's port 1 waits for Dom0 */
void connected(void);      /* and Dom0's port 1 is bound to it */
void own_port(void);       /* the tenant's port 1, for vCPU 0 */
void paused(void);         /* the target */
void console_data(void);

/* ---- policy in force ----------------------------------------------------------------------- */
void policy_open(void);                                     /* every permission for everyone */
void policy_close(void);                                    /* none for anyone */
void policy_set(unsigned cls, unsigned perm, bool allowed); /* one, for everyone */

/* ---- pictures ------------------------------------------------------------------------------ */
struct span {
	const void *at;
	size_t size;
};
/* Heap, RAM, frame table and all static data of hypervisor and machine. */
void picture_take(void);
/* Ends the test if anything outside these spans has changed since. */
void picture_compare(const char *what, const struct span *spans, unsigned count);

/* The simulated RAM is shared by all processes: kept once, and put back after each. */
void ram_keep(void);
void ram_restore(void);

/* Records that the dispatcher has made since the last call of records_clear(). */
#define RECORDS 16u
extern struct corbel_trace records[RECORDS];
extern unsigned record_count;
void records_clear(void);
#endif
