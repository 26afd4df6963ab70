/* SPDX-License-Identifier: MIT */
/*
 * Tables of lifecycle.c: the rows of abi/hypercalls.def with their line in lifecycle.def, which may
 * stand anywhere (without one, LINE_NAME is undeclared here), and the permissions' names.
 */
#ifndef UNIT_LIFECYCLE_ROWS_H
#define UNIT_LIFECYCLE_ROWS_H
#include <stdint.h>
#include "xsm/monitor/monitor.h"

enum {
#define ROW(name, anything, cloud) LINE_##name,
#include "domain/lifecycle.def"
#undef ROW
};

static const struct {
	const char *name;
	unsigned line; /* of lifecycle.def */
} named[] = {
#define HC(nr, sub, name, ...)         {#name, LINE_##name},
#define DENY(nr, sub, name, cls, perm) {#name, LINE_##name},
#define DENY_REST(nr, name, cls, perm) {#name, LINE_##name},
#include "abi/hypercalls.def"
#undef HC
#undef DENY
#undef DENY_REST
};

static const struct {
	const char *anything, *cloud;
} table[] = {
#define ROW(name, anything, cloud) {anything, cloud},
#include "domain/lifecycle.def"
#undef ROW
};

static const struct {
	uint8_t cls, perm;
	const char *name;
} permissions[] = {
#define XSM_CLASS(c)
#define XSM_PERM(c, p, text) {XSM_CLASS_##c, XSM_PERM_##c##_##p, #c ":" #p},
#define XSM_CLASS_END(c)
#include "xsm/perms.def"
#undef XSM_CLASS
#undef XSM_PERM
#undef XSM_CLASS_END
};

#endif
