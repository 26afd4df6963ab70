/* SPDX-License-Identifier: MIT */
/*
 * The dispatcher's contract with its handlers.  A handler exists only through its row in
 * abi/hypercalls.def; by the time it runs, the caller is at CPL 0, its argument has been copied in
 * once, the target is referenced and in an allowed state, and the policy has said yes.  A handler
 * returns a negative Xen errno or >= 0 and changes nothing when it fails.
 */
#ifndef GATE_HYPERCALL_H
#define GATE_HYPERCALL_H
#include "abi/log.h"
#include "domain/domain.h"
#include "virt/virt.h"
#include <xen/domctl.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/version.h>

typedef struct {
} hc_none_t;
typedef struct xen_domctl hc_domctl_t;
typedef struct xen_sysctl hc_sysctl_t;
typedef xen_domain_handle_t hc_uuid_t;

#define HC_ARG_MAX 1024

struct hc_call {
	struct vcpu *vcpu;     /* the caller */
	struct domain *caller; /* == vcpu->domain */
	struct domain *target; /* per the row's rule; 0 for NONE and ELEM */
	uint64_t arg[3];       /* RDI RSI RDX: no call here has more */
	const struct hc_row *row;
	uint16_t sub;    /* sub-op as the caller gave it, for the record */
	uint64_t detail; /* for the record: RSI, or what a handler puts here */
	union {
		uint8_t bytes[HC_ARG_MAX];
		uint64_t align;
	} in; /* the argument, copied once; written back for INOUT rows when the result is >= 0 */
	bool block; /* handler put the vCPU to sleep: result is delivered, then another vCPU runs */
};

#define HC(nr, sub, name, ...) long hc_##name(struct hc_call *call);
#define DENY(...)
#define DENY_REST(...)
#include "abi/hypercalls.def"
#undef HC
#undef DENY
#undef DENY_REST

void hypercall_init(void); /* indexes the table; CHECKs that no row is there twice */
/* Entry from the exit handler: decodes registers, runs the row, stores RAX, steps over VMMCALL.
 * VIRT_STOP when the vCPU has stopped running (slept, yielded, or its domain ended). */
enum virt_action hypercall_dispatch(struct vcpu *v);

/* Whether hc_authorize() would say yes; leaves no record. */
bool hc_permits(const struct hc_call *call, const struct domain *object, size_t right);
/* Per-element and second-object checks: asks the policy (right: XSM_RIGHT) for caller ->
 * object, records a denial.  0 or -EPERM. */
int hc_authorize(const struct hc_call *call, const struct domain *object, size_t right);
/* The same for a label that no domain has yet, and for a subject that the caller acts for. */
int hc_authorize_label(const struct hc_call *call, const struct domain *subject,
		       struct xsm_label label, size_t right);
/* Puts a refusal on record (object 0: the hypervisor) and counts it; returns -EPERM. */
int hc_deny(const struct hc_call *call, const struct domain *object, size_t right);
/* The room of the answer, with nothing in it. */
void *hc_answer(struct hc_call *call, size_t size);
/* Answers struct corbel_read from bytes[length]. */
long hc_read_bytes(struct hc_call *call, const void *bytes, uint64_t length);
/* Resolves a domid for an element (DOMID_SELF allowed), referenced; checks state and permission.
 * 0, -ESRCH or -EPERM (a domain that the caller may not touch in this state: -EPERM). */
int hc_target(struct hc_call *call, uint16_t domid, uint32_t states, size_t right,
	      struct domain **out);
#endif
