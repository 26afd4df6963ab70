/* SPDX-License-Identifier: MIT */
/*
 * The part of the fake machine that has a policy: facts, blob, counters, confirmation.
 */
#include <errno.h>
#include <string.h>

#include "cli/cli_host.h"
#include "measured-boot/shared/sha2.h"

/* What Dom0 may do to a shop: dom0 is a mask of class domain, serves one of classes grant and
 * event. */
static uint32_t write_blob(uint8_t *out, const char *shop, uint32_t dom0, uint32_t serves)
{
	const char *const names[FAKE_CONTEXTS] = {
		"system_u:object_r:tenant.own",
		"system_u:system_r:builder.t",
		"system_u:system_r:dom0.t",
		"system_u:system_r:hypervisor.t",
		shop,
		"system_u:system_r:tenant.t",
		"system_u:system_r:unlabeled.t",
	};
	struct xsm_blob_header header = {
		.magic = XSM_BLOB_MAGIC,
		.abi = xsm_abi(),
		.contexts = FAKE_CONTEXTS,
		.vectors = dom0 ? 2 : 1,
		.classes = XSM_CLASS_COUNT,
		.sid = {FAKE_HYPERVISOR, FAKE_BUILDER, FAKE_DOM0, FAKE_UNLABELED},
	};
	struct xsm_blob_context contexts[FAKE_CONTEXTS] = {0};
	size_t cells = (FAKE_CONTEXTS * FAKE_CONTEXTS + 1) / 2 * 4;
	uint16_t *cell = (uint16_t *)(out + sizeof(header) + sizeof(contexts));
	uint32_t *vector = (uint32_t *)((uint8_t *)cell + cells);
	uint8_t *at = (uint8_t *)(vector + XSM_VECTOR_WORDS * header.vectors);

	memset(out, 0, (size_t)(at - out));
	if (dom0) {
		cell[FAKE_DOM0 * FAKE_CONTEXTS + FAKE_SHOP] = 1;
		vector += XSM_VECTOR_WORDS + XSM_RELATION_UNDER * XSM_CLASS_COUNT;
		vector[XSM_CLASS_domain] = dom0;
		vector[XSM_CLASS_grant] = vector[XSM_CLASS_event] = serves;
	}
	for (unsigned i = 0; i < FAKE_CONTEXTS; i++) {
		contexts[i] = (struct xsm_blob_context){
			.name = header.names,
			.self = (uint16_t)(i == FAKE_TENANT ? FAKE_OWN : i),
			.flags = i == FAKE_SHOP ? XSM_CONTEXT_OWNED : 0,
		};
		strcpy((char *)at + header.names, names[i]);
		header.names += (uint32_t)strlen(names[i]) + 1;
	}
	header.size = (uint32_t)(at - out) + header.names;
	memcpy(out, &header, sizeof(header));
	memcpy(out + sizeof(header), contexts, sizeof(contexts));
	return header.size;
}

uint32_t fake_blob(uint8_t *out, const char *shop)
{
	return write_blob(out, shop, 0, 0);
}

static void put_in_force(uint32_t size, uint64_t serial)
{
	fake.policy.size = size;
	fake.policy.serial = fake.policy.previous = serial;
	fake.policy.contexts = FAKE_CONTEXTS;
	sha256(fake.blob, fake.policy.size, fake.policy.digest);
}

void fake_policy(const char *shop, uint64_t serial)
{
	put_in_force(write_blob(fake.blob, shop, 0, 0), serial);
}

void fake_policy_dom0(const char *shop, uint32_t dom0)
{
	put_in_force(write_blob(fake.blob, shop, dom0, 0), 0);
}

void fake_policy_serving(const char *shop)
{
	const uint32_t dom0 = 1u << XSM_PERM_domain_getdomaininfo | 1u << XSM_PERM_domain_unpause;

	put_in_force(write_blob(fake.blob, shop, dom0,
				1u << XSM_PERM_grant_map_ring | 1u << XSM_PERM_event_bind),
		     0);
}

int fake_policy_call(enum corbel_op op, void *argument)
{
	const struct corbel_policy_confirm *confirm = argument;

	switch (op) {
	case CORBEL_OP_policy_info:
		memcpy(argument, &fake.policy, sizeof(fake.policy));
		return 0;
	case CORBEL_OP_policy_confirm:
		if (!fake.policy.seconds_left) {
			return -ENOENT;
		}
		fake.keep = (int)confirm->keep;
		fake.policy.seconds_left = 0;
		return 0;
	default:
		return -ENOSYS;
	}
}

int fake_policy_read(enum corbel_op op, uint64_t offset, void *buffer, uint32_t size)
{
	const uint8_t *bytes =
		op == CORBEL_OP_policy_read ? fake.blob : (const uint8_t *)fake.counters;
	uint64_t length = op == CORBEL_OP_policy_read
				  ? fake.policy.size
				  : fake.policy.contexts * sizeof(fake.counters[0]);
	uint64_t left = offset < length ? length - offset : 0;

	left = left < size ? left : size;
	memcpy(buffer, bytes + offset, left);
	if (op == CORBEL_OP_policy_read && fake.blob_is_another) {
		((uint8_t *)buffer)[0] ^= 1;
	}
	if (fake.switch_after_read && --fake.switch_after_read == 0) {
		fake_policy("system_u:system_r:stall.t", fake.policy.serial + 1);
		fake.policy.switches++;
	}
	return (int)left;
}

struct corbel_trace *fake_record(uint16_t kind, uint64_t time_ns)
{
	struct corbel_trace *record = &fake.trace[fake.trace_count];

	*record = (struct corbel_trace){
		.seq = fake.trace_count ? record[-1].seq + 1 : 1,
		.time_ns = time_ns,
		.kind = kind,
		.subject = 0x7fff,
		.object = 0x7fff,
		.relation = 0xff,
		.subject_context = CORBEL_NO_CONTEXT,
		.object_context = CORBEL_NO_CONTEXT,
	};
	fake.trace_count++;
	return record;
}
