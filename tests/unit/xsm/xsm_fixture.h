/* SPDX-License-Identifier: MIT */
/*
 * A policy made by hand for the monitor's tests: six contexts, one access vector for every cell, so
 * that a test can grant any single permission.
 */
#ifndef XSM_XSM_FIXTURE_H
#define XSM_XSM_FIXTURE_H
#include "xsm/monitor/monitor.h"

/* In the order of their names. */
enum { BUILDER, DOM0, HYPERVISOR, OWN, TENANT, UNLABELED, CONTEXTS };
#define CELLS (CONTEXTS * CONTEXTS)
#define NAMES "a:builder\0b:dom0\0c:hypervisor\0d:own\0e:tenant\0f:unlabeled"

struct fixture {
	struct xsm_blob_header header;
	struct xsm_blob_context context[CONTEXTS];
	uint16_t cell[CELLS];
	uint32_t vector[CELLS + 1][XSM_RELATION_COUNT + 1][XSM_CLASS_COUNT];
	char names[sizeof(NAMES)];
} __attribute__((packed)); /* variables of it: _Alignas(8) */

/* A valid policy that allows nothing; no context is owned. */
void fixture_reset(struct fixture *f);
void fixture_allow(struct fixture *f, unsigned s, unsigned t, unsigned cls, unsigned perm);
void fixture_allow_when(struct fixture *f, unsigned s, unsigned t, unsigned relation, unsigned cls,
			unsigned perm);
#endif
