/* SPDX-License-Identifier: MIT */
/*
 * Calls that only tell: version and features, host facts, launch records, the trace ring and the
 * boot log.  Changes nothing.  Trust boundary: what goes out is built in the zeroed argument, so no
 * byte of the hypervisor's memory leaves beside the named fields; answers never depend on the
 * caller except where a field says so.
 */
#include "base/host.h"
#include "gate/hypercall.h"
#include "diag/trace.h"
#include "domain/gcopy.h"
#include "launch/launchlog.h"
#include "cpu/percpu.h"
#include "measured-boot/image/measure.h"
#include "mm/frames.h"
#include <xen/errno.h>
#include <xen/features.h>

#define XEN_ABI_VERSION ((4u << 16) | 17u) /* the ABI of Xen 4.17, not a claim to be it */
#define ABI_EXTRA       ".7-corbel"
#define CAPABILITIES    "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 "

long hc_version(struct hc_call *call)
{
	(void)call;
	return XEN_ABI_VERSION;
}

static long answer_text(struct hc_call *call, size_t size, const char *text)
{
	copy_string(hc_answer(call, size), size, text);
	return 0;
}

long hc_extraversion(struct hc_call *call)
{
	return answer_text(call, sizeof(xen_extraversion_t), ABI_EXTRA);
}

long hc_capabilities(struct hc_call *call)
{
	return answer_text(call, sizeof(xen_capabilities_info_t), CAPABILITIES);
}

long hc_changeset(struct hc_call *call)
{
	return answer_text(call, sizeof(xen_changeset_info_t), "");
}

long hc_compile_info(struct hc_call *call)
{
	struct xen_compile_info *out = hc_answer(call, sizeof(*out));

	/* No builder, host or date: two builds of one source are the same bytes. */
	copy_string(out->compiler, sizeof(out->compiler), "cc " __VERSION__);
	copy_string(out->compile_by, sizeof(out->compile_by), "corbel");
	return 0;
}

long hc_platform_params(struct hc_call *call)
{
	xen_platform_parameters_t *out = (xen_platform_parameters_t *)call->in.bytes;

	out->virt_start = 0; /* only PV guests have a hypervisor hole */
	return 0;
}

long hc_get_features(struct hc_call *call)
{
	xen_feature_info_t *out = (xen_feature_info_t *)call->in.bytes;

	if (out->submap_idx != 0) {
		return -XEN_EINVAL;
	}
	out->submap = 1u << XENFEAT_writable_page_tables | 1u << XENFEAT_auto_translated_physmap |
		      1u << XENFEAT_hvm_callback_vector | 1u << XENFEAT_hvm_safe_pvclock |
		      1u << XENFEAT_not_direct_mapped;
	if (call->caller->is_dom0) {
		out->submap |= 1u << XENFEAT_dom0;
	}
	if (call->caller->pci) {
		out->submap |= 1u << XENFEAT_hvm_pirqs; /* else Linux looks for interrupt lines */
	}
	return 0;
}

long hc_pagesize(struct hc_call *call)
{
	(void)call;
	return PAGE_SIZE;
}

long hc_guest_handle(struct hc_call *call)
{
	memcpy(call->in.bytes, call->caller->launch.record.uuid,
	       sizeof(call->caller->launch.record.uuid));
	return 0;
}

long hc_platform_settime(struct hc_call *call)
{
	(void)call;
	return 0; /* the offer is heard and not taken: no guest sets the hypervisor's clock */
}

long hc_host_info(struct hc_call *call)
{
	struct corbel_host_info *out = hc_answer(call, sizeof(*out));
	struct frame_counts frames = frames_count();
	uint64_t next;

	out->flags = host_flags();
	out->builder_instance = host.builder_instance;
	memcpy(out->boot_id, host.boot_id, sizeof(out->boot_id));
	memcpy(out->policy, host.policy_digest, sizeof(out->policy));
	memcpy(out->builder_image, host.builder_image, sizeof(out->builder_image));
	memcpy(out->builder_memory, host.builder_memory, sizeof(out->builder_memory));
	out->free_frames = frames.free;
	out->total_frames = frames.total;
	out->dirty_frames = frames.dirty;
	out->freed_count = frames.freed;
	out->scrubbed_count = frames.scrubbed;
	out->audit_denied = __atomic_load_n(&host.audit_denied, __ATOMIC_RELAXED);
	trace_read(0, 0, NULL, 0, &next, &out->trace_lost);
	out->tpm_error = measure_error();
	copy_string(out->version, sizeof(out->version), HOST_VERSION);
	return 0;
}

long hc_launch_info(struct hc_call *call)
{
	struct corbel_launch_info *out = hc_answer(call, sizeof(*out));
	struct domain *d = call->target;

	spin_lock(&d->lock);
	out->domid = d->id;
	out->state = d->state;
	out->instance = d->build.instance;
	out->record = d->launch.record;
	copy_string(out->crash_reason, sizeof(out->crash_reason), d->crash_reason);
	out->overhead_bytes = d->charge.heap_pages * (uint64_t)PAGE_SIZE;
	out->tenant = d->label.tenant;
	out->launch = d->launch.index;
	spin_unlock(&d->lock);
	return 0;
}

#define TRACE_PIECE 8u /* records copied at a time, so that no page lies on the stack */

long hc_trace_read(struct hc_call *call)
{
	struct corbel_read *op = (struct corbel_read *)call->in.bytes;
	struct corbel_trace piece[TRACE_PIECE];
	/* abi/corbel.h: the CPU in the highest byte, the record's number below it. */
	uint32_t cpu = op->offset >> 56;
	uint64_t next = op->offset << 8 >> 8;
	uint64_t lost = 0;
	uint32_t room = op->size / sizeof(piece[0]);
	uint32_t filled = 0;

	if (op->size > PAGE_SIZE || room == 0 || op->buffer % sizeof(uint64_t)) {
		return -XEN_EINVAL;
	}
	if (cpu >= percpu_count) {
		return -XEN_EINVAL;
	}
	cpu = (uint32_t)index_in(cpu, percpu_count);
	while (room > 0) {
		uint32_t count = trace_read(cpu, next, piece, MIN(room, TRACE_PIECE), &next, &lost);
		uint32_t bytes = count * sizeof(piece[0]);

		if (count == 0) {
			break;
		}
		if (copy_to_guest(call->vcpu, op->buffer + filled, piece, bytes)) {
			return -XEN_EFAULT;
		}
		filled += bytes;
		room -= count;
	}
	op->filled = filled;
	op->next = next | (uint64_t)cpu << 56;
	op->lost = lost;
	return 0;
}

long hc_boot_log(struct hc_call *call)
{
	const uint8_t *log = NULL;
	uint64_t length = measure_log(&log);

	return hc_read_bytes(call, log, length);
}
