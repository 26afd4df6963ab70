/* SPDX-License-Identifier: MIT */
/*
 * The seam between the CLI and the machine: every hypercall, grant and event
 * channel goes through here.  host_xen.c implements it on Linux's Xen devices;
 * unit tests link a fake instead.  All calls return a negative errno on failure
 * and keep no state beyond lazily opened device handles.
 */
#ifndef CORBEL_TOOL_HOST_H
#define CORBEL_TOOL_HOST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/domctl.h>
#include <xen/sysctl.h>
#include <xen/version.h>
#include <xen/io/console.h>

#include "abi/corbel.h"
#include "abi/log.h"
#include "builder-domain/abi.h"

/* The builder allocates a tenant's console port first, so it is the same in all of them; its page
 * is the reserved grant entry 0. */
#define HOST_CONSOLE_PORT 1u
#define HOST_CONSOLE_REF  0u
#define HOST_CONSOLE_GFN  0xE3u
/* Then the store's.  Dom0 may not ask the hypervisor where they are (HVM_PARAM_STORE_*). */
#define HOST_STORE_PORT 2u
#define HOST_STORE_GFN  0xE4u

/* ---- hypercalls ---------------------------------------------------------------------------- */

/* First domain with id >= first; -ESRCH when there is none. */
int host_domain_info(uint16_t first, struct xen_domctl_getdomaininfo *info);
/* Whether a domain of this number exists, also one that the policy hides.  -ESRCH: none does, which
 * is the only proof of it.  -EINVAL: it lives.  -EPERM: it is there, and is being built, ends, or
 * the policy keeps Dom0 from it (then each try is on record).  Never 0: it changes nothing. */
int host_domain_probe(uint16_t domid);
/* command: XEN_DOMCTL_{destroy,pause,unpause}domain */
int host_domain_control(uint32_t command, uint16_t domid);
int host_physinfo(struct xen_sysctl_physinfo *info);
/* Reads the hypervisor's log ring from *index on; returns bytes, 0 at the end. */
int host_log_read(char *buffer, uint32_t size, uint32_t *index, bool clear);

struct host_version {
	unsigned major, minor;
	char extra[16];
	struct xen_compile_info compile;
	char capabilities[1024];
	char changeset[64];
	unsigned long virt_start;
	int pagesize;
};
int host_version(struct host_version *version);

/* One of Corbel's own calls; argument is copied in and out. */
int host_corbel(enum corbel_op op, void *argument, size_t size);
/* trace_read or boot_log; returns bytes read into buffer (<= 4096). */
int host_corbel_read(enum corbel_op op, uint64_t offset, void *buffer, uint32_t size,
		     uint64_t *next, uint64_t *lost);
/* log_read of up to read->size bytes (<= 4096) into buffer; the call's own address is not the
 * caller's.  Fills the OUT fields. */
int host_corbel_log_read(struct corbel_log_read *read, void *buffer);

/* ---- build session: pages and a port shared with the builder -------------------------------- */

struct host_session {
	struct corbel_ring *ring; /* zeroed */
	uint8_t *data;
	uint32_t data_pages;
	uint32_t data_ref[CORBEL_RING_MAX_DATA];
	uint32_t ring_ref;
	uint32_t port;
	void *grants, *events; /* private */
};
int host_session_open(struct host_session *session, uint32_t data_pages);
int host_session_notify(struct host_session *session);
/* 1 = notified, 0 = timed out, -EINTR = signal */
int host_session_wait(struct host_session *session, int timeout_ms);
void host_session_close(struct host_session *session);

/* ---- events and consoles for the drainer ----------------------------------------------------- */

int host_events_open(void);                         /* returns a descriptor to poll */
int host_event_bind(uint16_t domid, uint32_t port); /* returns the local port */
int host_event_pending(void);                       /* local port, masked until unmask; -EAGAIN */
int host_event_unmask(uint32_t port);
int host_event_notify(uint32_t port);
int host_event_unbind(uint32_t port);
/* Whether the other end of a port is still there; what is not known counts as there. */
bool host_event_connected(uint32_t port);

struct xencons_interface *host_console_map(uint16_t domid, int *error);
void host_console_unmap(struct xencons_interface *page);

#endif
