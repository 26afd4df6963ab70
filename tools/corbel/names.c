/* SPDX-License-Identifier: MIT */
/*
 * See names.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "abi/corbel.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/names.h"
#include "xsm/monitor/monitor.h"

#define ANY_SUB 0xffffu

static const struct {
	uint16_t number, sub;
	const char *name, *permission;
} calls[] = {
#define HC(nr, sub, name, type, dir, rule, field, class, perm, states)                             \
	{nr, sub, #name, #class ":" #perm},
#define DENY(nr, sub, name, class, perm) {nr, sub, #name, #class ":" #perm},
#define DENY_REST(nr, name, class, perm) {nr, ANY_SUB, #name, #class ":" #perm},
#include "abi/hypercalls.def"
#undef HC
#undef DENY
#undef DENY_REST
};
#define CALL_COUNT (sizeof(calls) / sizeof(calls[0]))

/* One row per permission; a NULL name opens the next class. */
static const struct {
	const char *class, *name;
} permissions[] = {
#define XSM_CLASS(class)                {#class, NULL},
#define XSM_PERM(class, perm, sentence) {#class, #perm},
#define XSM_CLASS_END(class)
#include "xsm/perms.def"
#undef XSM_CLASS
#undef XSM_PERM
#undef XSM_CLASS_END
};
#define PERMISSION_COUNT (sizeof(permissions) / sizeof(permissions[0]))

/* The call's own row, else the row for the rest of its number, else CALL_COUNT. */
static size_t find_call(uint32_t call)
{
	uint16_t number = (uint16_t)(call >> 16), sub = (uint16_t)call;
	size_t rest = CALL_COUNT;

	for (size_t i = 0; i < CALL_COUNT; i++) {
		if (calls[i].number == number && calls[i].sub == sub) {
			return i;
		}
		if (calls[i].number == number && calls[i].sub == ANY_SUB) {
			rest = i;
		}
	}
	return rest;
}

void call_name(uint32_t call, char *out, size_t size)
{
	size_t i = find_call(call);

	if (i == CALL_COUNT) {
		snprintf(out, size, "%u.%u", call >> 16, call & 0xffff);
	} else if (calls[i].sub == ANY_SUB) {
		snprintf(out, size, "%s.%u", calls[i].name, call & 0xffff);
	} else {
		snprintf(out, size, "%s", calls[i].name);
	}
}

bool call_permission(uint32_t call, char *out, size_t size)
{
	size_t i = find_call(call);

	if (i == CALL_COUNT) {
		return false;
	}
	snprintf(out, size, "%s", calls[i].permission);
	return true;
}

/* Row of the class's opening, or PERMISSION_COUNT. */
static size_t find_class(unsigned class)
{
	unsigned at = 0;

	for (size_t i = 0; i < PERMISSION_COUNT; i++) {
		if (!permissions[i].name && at++ == class) {
			return i;
		}
	}
	return PERMISSION_COUNT;
}

const char *class_word(unsigned class)
{
	size_t i = find_class(class);

	return i < PERMISSION_COUNT ? permissions[i].class : NULL;
}

const char *permission_word(unsigned class, unsigned perm)
{
	size_t i = find_class(class), row = i + 1 + perm;

	if (i >= PERMISSION_COUNT || row >= PERMISSION_COUNT || !permissions[row].name ||
	    strcmp(permissions[row].class, permissions[i].class) != 0) {
		return NULL;
	}
	return permissions[row].name;
}

void permission_name(unsigned class, unsigned perm, char *out, size_t size)
{
	const char *class_name = class_word(class), *name = permission_word(class, perm);

	if (name) {
		snprintf(out, size, "%s:%s", class_name, name);
	} else if (class_name) {
		snprintf(out, size, "%s:%u", class_name, perm);
	} else {
		snprintf(out, size, "%u:%u", class, perm);
	}
}

const char *relation_name(unsigned relation)
{
	static const char *const names[XSM_RELATION_COUNT] = {
		[XSM_RELATION_SAME] = "same",
		[XSM_RELATION_OVER] = "over",
		[XSM_RELATION_UNDER] = "under",
		[XSM_RELATION_APART] = "apart",
	};

	return relation < XSM_RELATION_COUNT ? names[relation] : "";
}

void call_reason(int error, uint32_t call, char *out, size_t size)
{
	char permission[64];

	if (error == -EPERM && call_permission(call, permission, sizeof(permission))) {
		snprintf(out, size, "not permitted: %s", permission);
	} else if (error == -ESRCH) {
		snprintf(out, size, "no such domain");
	} else if (error == -ENOSYS) {
		snprintf(out, size, "this hypervisor does not have the call");
	} else {
		snprintf(out, size, "%s", strerror(-error));
	}
}

int tool_call_error(int error, uint32_t call, const char *format, ...)
{
	char what[256], reason[128];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	call_reason(error, call, reason, sizeof(reason));
	return tool_error(0, "%s: %s", what, reason);
}
