/* SPDX-License-Identifier: MIT */
/*
 * The dispatcher's contract with its handlers.  A handler exists only through its row in
 * abi/hypercalls.def; by the time it runs, the caller is at CPL 0, its argument has been copied in
 * once, the target is referenced and in an allowed state, and the policy has said yes.  A handler
 * returns a negative Xen errno or >= 0 and changes nothing when it fails.
 */
#ifndef GATE_HYPERCALL_H
#define GATE_HYPERCALL_H
#include "base/must_check.h"
#include "abi/log.h"
#include "domain/domain.h"
#include <xen/domctl.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/version.h>

/* ---- the table's rows ------------------------------------------------------------------------ */

enum hc_kind { KIND_call, KIND_deny, KIND_deny_rest };
enum hc_direction { DIR_NOARG, DIR_IN, DIR_INOUT, DIR_LIST };
enum hc_rule { RULE_NONE, RULE_SELF, RULE_FIELD, RULE_ELEM };

struct hc_call;

struct hc_row { /* of abi/hypercalls.def */
	uint8_t number, sub, kind, dir, rule, states;
	uint16_t right, size, field;
	long (*handle)(struct hc_call *call);
};

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
	uint64_t sub;    /* sub-op as the caller gave it, for the record */
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

/* The room of the answer, with nothing in it. */
void *hc_answer(struct hc_call *call, size_t size);
/* Answers struct corbel_read from bytes[length]. */
MUST_CHECK long hc_read_bytes(struct hc_call *call, const void *bytes, uint64_t length);
#endif
