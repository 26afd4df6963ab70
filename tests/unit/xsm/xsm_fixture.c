/* SPDX-License-Identifier: MIT */
/*
 * The hand-made policy of the monitor's tests.
 */
#include <string.h>
#include "xsm/xsm_fixture.h"

_Static_assert(CELLS % 2 == 0, "no padding between cells and vectors");

void fixture_reset(struct fixture *f)
{
	const char *name = NAMES;

	memset(f, 0, sizeof(*f));
	f->header = (struct xsm_blob_header){
		.magic = XSM_BLOB_MAGIC,
		.abi = xsm_abi(),
		.size = sizeof(*f),
		.contexts = CONTEXTS,
		.vectors = CELLS + 1,
		.classes = XSM_CLASS_COUNT,
		.sid = {HYPERVISOR, BUILDER, DOM0, UNLABELED},
		.names = sizeof(NAMES),
	};
	memcpy(f->names, NAMES, sizeof(NAMES));
	for (unsigned i = 0; i < CONTEXTS; i++) {
		f->context[i].name = (uint32_t)(name - NAMES);
		f->context[i].self = i == TENANT ? OWN : (uint16_t)i;
		name += strlen(name) + 1;
	}
	for (unsigned i = 0; i < CELLS; i++) {
		f->cell[i] = (uint16_t)(i + 1);
	}
}

void fixture_allow_when(struct fixture *f, unsigned s, unsigned t, unsigned relation, unsigned cls,
			unsigned perm)
{
	f->vector[1 + s * CONTEXTS + t][relation][cls] |= 1u << perm;
}

void fixture_allow(struct fixture *f, unsigned s, unsigned t, unsigned cls, unsigned perm)
{
	for (unsigned r = 0; r < XSM_RELATION_COUNT; r++) {
		fixture_allow_when(f, s, t, r, cls, perm);
	}
}
