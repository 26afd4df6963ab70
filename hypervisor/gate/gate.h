/* SPDX-License-Identifier: MIT */
/*
 * Who may: the one question that every privileged call asks, and what is on record of the answer.
 *
 *   target in an allowed life-cycle state -> who built it (INV-DOM-1) -> policy
 *
 * The dispatcher (calls/hypercall.c) asks it for a row's target; a handler asks for each element of
 * a batch and for a second object.  Every refusal leaves one trace record, raises the counter of
 * its cell and host.audit_denied, and nothing else.
 */
#ifndef GATE_GATE_H
#define GATE_GATE_H
#include "base/lib.h"
#include "gate/hypercall.h"

/* Whether gate_authorize() would say yes; leaves no record and no count. */
MUST_CHECK bool gate_permits(const struct hc_call *call, const struct domain *object, size_t right);
/* Asks for caller -> object (NULL: the hypervisor itself); right: XSM_RIGHT(class, permission).
 * Counts the answer.  0 or -EPERM. */
MUST_CHECK int gate_authorize(const struct hc_call *call, const struct domain *object,
			      size_t right) MUST_CHECK;
/* The same for a label that no domain has yet, and for a subject that the caller acts for. */
MUST_CHECK int gate_authorize_label(const struct hc_call *call, const struct domain *subject,
				    struct xsm_label label, size_t right) MUST_CHECK;
/* The same for a domain as object. */
MUST_CHECK int gate_authorize_for(const struct hc_call *call, const struct domain *subject,
				  const struct domain *object, size_t right) MUST_CHECK;
/* State, then gate_authorize(), on a target that the caller holds by reference. */
MUST_CHECK int gate_check_target(const struct hc_call *call, const struct domain *target,
				 uint32_t states, size_t right) MUST_CHECK;
/* Resolves a domid (DOMID_SELF allowed), checks state and permission.  0: *out is referenced, the
 * caller puts it.  -ESRCH: no such domain; -EPERM: not in this state, or not by this caller. */
MUST_CHECK int gate_find_target(const struct hc_call *call, uint16_t domid, uint32_t states,
				size_t right, struct domain **out) MUST_CHECK;

/* What gate_authorize() has allowed the object itself refuses (a grant that was not given): on
 * record as a denial, and the count of the allowed answer is taken back, so that one answer is one
 * count. */
void gate_overrule(const struct hc_call *call, const struct domain *object, size_t right);
/* Puts a refusal on record (object NULL: the hypervisor) and counts it; returns -EPERM. */
MUST_CHECK int gate_deny(const struct hc_call *call, const struct domain *object, size_t right);
/* The same where the object is a number that names no label: a call that nobody is given. */
MUST_CHECK int gate_deny_number(const struct hc_call *call, uint16_t domid, size_t right);
#endif
