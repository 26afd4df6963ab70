/* SPDX-License-Identifier: MIT */
/*
 * sysctl: the two host-wide questions that Xen's tools ask, the log ring and the host's totals.
 * Read-only on purpose: a log that a reader may clear is no log, so `clear` is refused.
 */
#include "diag/console.h"
#include "gate/hypercall.h"
#include "cpu/time.h"
#include "mm/frames.h"
#include <xen/errno.h>

#define READ_MAX (4 * PAGE_SIZE) /* of the log in one call; callers loop */
#define PIECE    256u

static bool version_ok(const struct xen_sysctl *op)
{
	return op->interface_version == XEN_SYSCTL_INTERFACE_VERSION;
}

long hc_sysctl_readconsole(struct hc_call *call)
{
	struct xen_sysctl *op = (struct xen_sysctl *)call->in.bytes;
	struct xen_sysctl_readconsole *read = &op->u.readconsole;
	uint32_t index = read->incremental ? read->index : 0;
	uint32_t room = (uint32_t)MIN(read->count, READ_MAX), done = 0, n;
	char piece[PIECE];

	if (!version_ok(op)) {
		return -XEN_EACCES;
	}
	if (read->clear) {
		return -XEN_EPERM;
	}
	while (done < room) {
		n = (uint32_t)console_log_read(&index, piece, MIN(room - done, PIECE));
		if (n == 0) {
			break;
		}
		if (copy_to_guest(call->vcpu, (uint64_t)read->buffer.p + done, piece, n)) {
			return -XEN_EFAULT;
		}
		done += n;
	}
	read->index = index;
	read->count = done;
	return 0;
}

long hc_sysctl_physinfo(struct hc_call *call)
{
	struct xen_sysctl *op = (struct xen_sysctl *)call->in.bytes;
	struct xen_sysctl_physinfo *info = &op->u.physinfo;
	struct frame_counts frames;

	if (!version_ok(op)) {
		return -XEN_EACCES;
	}
	frames = frames_count();
	memset(&op->u, 0, sizeof(op->u));
	info->threads_per_core = 1;
	info->cores_per_socket = 1;
	info->nr_cpus = 1;
	info->nr_nodes = 1;
	info->cpu_khz = (uint32_t)(tsc_hz() / 1000);
	info->capabilities =
		XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap | XEN_SYSCTL_PHYSCAP_gnttab_v1;
	info->total_pages = frames.total;
	info->free_pages = frames.free;
	info->scrub_pages = frames.dirty;
	return 0;
}
