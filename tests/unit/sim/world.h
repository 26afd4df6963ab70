/* SPDX-License-Identifier: MIT */
/*
 * Domains on the simulated machine (machine.h), made as on a host: the hypervisor starts the
 * builder instance, that one builds Dom0 and tenants by its hypercalls.  Guests run with paging
 * off, so a guest virtual address is a guest-physical one, and make calls through the real
 * dispatcher.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H
#include "base/host.h"
#include "calls/hypercall.h"
#include "gate/gate.h"
#include "virt/virt.h"
#include "gate/policy.h"
#include "launch/launchlog.h"
#include "launch/life.h"
#include "sim/machine.h"

#define WORLD_PAGES  24u     /* RAM of a domain, gfns [0, 24) */
#define WORLD_ARG    0x5000u /* where call() puts arguments: one page, the next for buffers */
#define WORLD_DATA   0x6000u
#define TENANT_LABEL "system_u:system_r:tenant.t"
#define DOM0_LABEL   "system_u:system_r:dom0.t"

/* Machine, policy, first builder instance. */
void world_init(const char *policy);
struct domain *world_domain(uint16_t id); /* without a reference; NULL if there is none */
struct domain *world_builder(void);       /* the present instance */

/* A VMMCALL by vCPU 0: RAX after it.  If it did not come back (crash, end), WORLD_GONE. */
#define WORLD_GONE 0x7FFFFFFFFFFFFFFFl
long world_call(struct domain *d, uint64_t nr, uint64_t a1, uint64_t a2, uint64_t a3);
/* The same with an argument structure at WORLD_ARG, copied back; where it goes in registers follows
 * from the number.  sub as in the table. */
long world_arg(struct domain *d, uint64_t nr, uint64_t sub, void *arg, size_t size);
/* Bytes of guest memory at a guest-physical address (within one page). */
uint8_t *world_memory(struct domain *d, uint64_t gpa);

extern bool world_stores_log; /* Dom0 stores the launch log before each session; true at first */

/* Steps of the builder; each asserts success and returns the domain. */
void world_session(void); /* Dom0 asks, the instance takes it: a create is judged by who asked */
struct domain *world_create(bool dom0); /* state building, with its pages */
void world_commit(struct domain *d);
void world_start_vcpu(struct domain *d);
struct domain *world_seal(struct domain *d, bool run); /* and a fresh builder instance follows */
struct domain *world_tenant(bool run);                 /* all of it */
void world_destroy(struct domain *d);                  /* by the hypervisor; until it is gone */
void world_settle(void);                          /* reaps, scrubs, restarts what there is to do */
long world_unmap(struct domain *d, uint64_t gfn); /* a page of its own */
void world_end_all(void);                         /* but Dom0; world_settle() does the rest */
uint64_t world_frames_free(void);                 /* after settling */
#endif
