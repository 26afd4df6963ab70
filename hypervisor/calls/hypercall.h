/* SPDX-License-Identifier: MIT */
/* The dispatcher: from a vCPU's registers to a handler and back (calls/hypercall.c). */
#ifndef CALLS_HYPERCALL_H
#define CALLS_HYPERCALL_H
#include "virt/upcalls.h" /* hypercall_dispatch() */

void hypercall_init(void); /* indexes the table; CHECKs that no row is there twice */
#endif
