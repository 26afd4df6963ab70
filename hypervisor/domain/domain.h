/* SPDX-License-Identifier: MIT */
/*
 * Domains and vCPUs.  Life cycle (which call is allowed in which state: abi/hypercalls.def):
 *
 *   building --seal--> sealed --unpause--> running <--> paused
 *   running|paused --shutdown--> shutdown
 *   any but gone --destroy, crash, build failure--> dying --reaper--> gone
 *
 * INV-DOM-1  Only the builder instance that created a domain, and only while it is `building`, may
 *            map its memory, set its parameters or start its vCPU; the link is `d->build.creator`.
 * INV-DOM-2  From `sealed` on d->build.creator is NULL, and no foreign mapping, grant mapping or
 *            pin is left.
 * INV-DOM-3  A domain's structure lives until refs is 0 and the reaper has taken its memory back.
 */
#ifndef DOMAIN_DOMAIN_H
#define DOMAIN_DOMAIN_H
#include "abi/corbel.h"
#include "abi/log.h"
#include "base/lib.h"
#include "cpu/locks.h"
#include "base/addr.h"
#include "domain/gcopy.h"
#include "mm/npt.h"
#include "virt/vcpu.h"
#include "xsm/monitor/monitor.h"
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/vcpu.h>

#define MAX_DOMAINS 256

/* Tables that map the builder's window: 2 MiB each of what it looks at at one time. */
#define BUILDER_HEAP_LIMIT 512u

#define IN_BUILDING (1u << CORBEL_DOM_building)
#define IN_LIVE                                                                                    \
	(1u << CORBEL_DOM_sealed | 1u << CORBEL_DOM_running | 1u << CORBEL_DOM_paused |            \
	 1u << CORBEL_DOM_shutdown)
#define IN_DYING (1u << CORBEL_DOM_dying)
#define IN_ANY   (IN_BUILDING | IN_LIVE | IN_DYING)

enum vcpu_state {
	VCPU_offline,  /* waits for INIT/SIPI, or its domain is not running */
	VCPU_runnable, /* waits for its turn, or is running */
	VCPU_blocked,  /* HLT or SCHEDOP_block: wakes on event, interrupt, timer */
	VCPU_polling,  /* SCHEDOP_poll: wakes on one of its ports or the timeout */
	VCPU_waiting   /* inside build_wait or rendezvous_get: wakes by sched_wake() */
};

struct vcpu {
	struct virt_vcpu virt; /* first: vcpu_of() */
	struct domain *domain;
	uint8_t state;       /* enum vcpu_state, RANK_SCHED */
	bool halted_forever; /* HLT with IF=0 */
	/* timers, ns since boot; ~0 = off */
	uint64_t timer_deadline, poll_deadline;
	uint32_t virq_port[24]; /* NR_VIRQS; RANK_EVENT */
	uint32_t poll_ports[8], poll_count;
	/* Areas that the guest registered, once for all: held, written by the hypervisor.  Without
	 * pages: none yet. */
	struct gbuf vcpu_info; /* none: the slot in shared_info */
	struct gbuf runstate_area;
	struct vcpu_runstate_info runstate;
	/* scheduler, RANK_SCHED */
	struct vcpu *next;
	uint64_t turn; /* number of its last slice */
	uint64_t cpu_time_ns, run_start;
	uint64_t stub_budget_ns; /* 0 = not a stub vCPU */
};

/* The vCPU that an upcall of virt/ names. */
_Static_assert(offsetof(struct vcpu, virt) == 0, "one address for both");
static inline struct vcpu *vcpu_of(struct virt_vcpu *virt)
{
	return (struct vcpu *)virt;
}

/* Who makes it, and how its stub does: launch/build.c and launch/builder.c. */
struct build {
	struct domain *creator; /* builder instance while building, else NULL (INV-DOM-1) */
	struct domain *target;  /* of a builder instance: what it builds now, else NULL */
	uint32_t instance;   /* builder instance that built it / own number if it is the builder */
	uint16_t stub_state; /* CORBEL_STUB_*, 0 = running or none */
	uint64_t stub_trap;  /* guest-physical, 0 = not armed */
	uint64_t stub_rip;
};

/* Memory that it has and may have, in pages of 4 KiB. */
struct charge {
	uint64_t ram_limit;
	uint64_t ram_pages;
	uint32_t heap_pages;   /* the hypervisor's own memory for it */
	uint32_t heap_promise; /* the most of that, set aside for it at creation */
};

/* Its place in the launch log: launch/launchlog.c. */
struct launch {
	struct corbel_log_launch record; /* what goes into the log when it is sealed */
	bool committed;                  /* digests and owner are in it, write-once */
	uint64_t index;                  /* of its launch record, 0 = not sealed yet */
	uint32_t log_slots;              /* reserved for its records to come */
	uint64_t report_due; /* its reports so far are paid for until then, ns since boot */
};

struct domain {
	uint16_t id;
	uint16_t state; /* enum corbel_dom_state */
	uint32_t refs;
	struct spinlock lock;
	struct xsm_label label, self_label; /* self_label: the object when it acts on itself */
	struct build build;
	bool is_dom0, is_builder;
	bool reap_started;
	uint32_t reap_epoch;      /* flush that must pass before its tables are taken apart */
	uint16_t shutdown_reason; /* SHUTDOWN_*, 0xFF = none */
	char crash_reason[64];
	/* memory, lock RANK_DOMAIN */
	struct charge charge;
	struct npt npt;             /* its tables count in charge.heap_pages */
	struct pci_space *pci;      /* its devices, launch/devices.h; NULL: none */
	uint32_t mapped_by_builder; /* mappings of this domain's frames by its builder, */
	uint32_t mapped_by_peers;   /* and by those to whom it granted them */
	shared_info_t *shared_info; /* heap page */
	uint64_t hvm_param[40];
	uint64_t weighted_ns; /* CPU time used over weight, RANK_SCHED */
	/* vCPUs */
	uint32_t vcpu_count;
	struct vcpu *vcpu[CORBEL_MAX_VCPUS];
	uint8_t callback_vector; /* 0 = none */
	struct launch launch;
	/* owned by ipc/event.c and ipc/grant.c */
	struct event_table *events;
	struct grant_table *grants;
};

/* Lookup by domid takes a reference; domain_put drops it.  Only calls/hypercall.c and
 * domain/domain.c may call domain_find (tools/lint/symbols). */
struct domain *domain_find(uint16_t domid);
struct domain *domain_next(uint16_t domid);    /* first domain with id >= domid, referenced, or 0 */
struct domain *domain_after(struct domain *d); /* the next one; puts d */
void domain_get(struct domain *d);
void domain_put(struct domain *d);
/* For launch/life.c: the slots themselves, without a reference. */
struct domain *domain_in_slot(unsigned slot); /* NULL: empty */
void domain_enter(struct domain *d);          /* into its slot, which is empty */
void domain_leave(struct domain *d);          /* out of it */

void domain_set_state(struct domain *d, enum corbel_dom_state state); /* traces it */
/* Dying, and what is left of it others hold. */
static inline MUST_CHECK bool domain_is_zombie(const struct domain *d)
{
	return d->reap_started && !d->npt.root && d->refs != 1;
}
MUST_CHECK bool domain_is_reaping(void); /* a dying domain has frames that it alone holds */
/* May its vCPUs run?  Running, or building with a stub. */
static inline MUST_CHECK bool domain_runs(const struct domain *d)
{
	return d->state == CORBEL_DOM_running ||
	       (d->state == CORBEL_DOM_building && d->build.stub_trap);
}
void domain_unpause(struct domain *d);
void domain_pause(struct domain *d);
/* They are numbered from 0 and made in that order.  NULL: there is none of this number. */
static inline struct vcpu *domain_vcpu(const struct domain *d, uint64_t id)
{
	return id < d->vcpu_count ? d->vcpu[index_in(id, d->vcpu_count)] : NULL;
}
struct vcpu *vcpu_create(struct domain *d, uint32_t id);
void vcpu_destroy(struct vcpu *v);
#endif
