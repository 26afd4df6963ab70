/* SPDX-License-Identifier: MIT */
/*
 * Words for the hypervisor's numbers: calls, classes and permissions, relations, errors.  They come
 * from its own tables, so they cannot drift from what the gate checks.
 */
#ifndef CORBEL_TOOL_NAMES_H
#define CORBEL_TOOL_NAMES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As in struct corbel_trace. */
#define CALL(number, sub) ((uint32_t)(number) << 16 | (uint32_t)(sub))
#define CALL_CORBEL(op)   CALL(CORBEL_HYPERCALL, op)
#define CALL_DOMCTL(cmd)  CALL(__HYPERVISOR_domctl, cmd)
#define CALL_SYSCTL(cmd)  CALL(__HYPERVISOR_sysctl, cmd)

void call_name(uint32_t call, char *out, size_t size);
/* "class:permission" that the gate asks for this call; false for a call without a row. */
bool call_permission(uint32_t call, char *out, size_t size);
/* "class:permission", with numbers in place of what does not exist. */
void permission_name(unsigned class, unsigned perm, char *out, size_t size);
/* NULL for a permission that does not exist. */
const char *permission_word(unsigned class, unsigned perm);
const char *class_word(unsigned class);
/* "same", "over", "under", "apart"; "" where no label was looked at. */
const char *relation_name(unsigned relation);

/* Why a call failed: for -EPERM the permission that is missing. */
void call_reason(int error, uint32_t call, char *out, size_t size);
/* Prints "corbel: WHAT: REASON" and returns EXIT_ERROR. */
int tool_call_error(int error, uint32_t call, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
