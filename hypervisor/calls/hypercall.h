/* SPDX-License-Identifier: MIT */
/* The dispatcher: from a vCPU's registers to a handler and back (calls/hypercall.c). */
#ifndef CALLS_HYPERCALL_H
#define CALLS_HYPERCALL_H
#include "domain/domain.h"
#include "virt/virt.h"

void hypercall_init(void); /* indexes the table; CHECKs that no row is there twice */
/* Entry from the exit handler: decodes registers, runs the row, stores RAX, steps over VMMCALL.
 * VIRT_STOP when the vCPU has stopped running (slept, yielded, or its domain ended). */
enum virt_action hypercall_dispatch(struct vcpu *v);
#endif
