/* SPDX-License-Identifier: MIT */
/*
 * host.h on Linux's Xen devices, by Xen's own user libraries.  Arguments travel
 * in hypercall buffers (locked pages), never in the caller's stack: a page that
 * is not present would make the hypervisor refuse the call.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <xencall.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xen/event_channel.h>

#include "tools/corbel/host.h"

static xencall_handle *calls;
static xenevtchn_handle *events;
static xengnttab_handle *grants;

static int open_calls(void)
{
	if (!calls) {
		calls = xencall_open(NULL, 0);
		if (!calls) {
			return errno ? -errno : -ENODEV;
		}
	}
	return 0;
}

/* The libraries answer -1 with errno; some paths answer the negative errno itself. */
static int result(int ret)
{
	if (ret >= 0) {
		return ret;
	}
	return ret == -1 && errno ? -errno : ret;
}

struct bounce {
	void *copy;
	void *user;
	size_t size;
};

static int bounce_in(struct bounce *b, void *user, size_t size)
{
	int ret = open_calls();

	if (ret) {
		return ret;
	}
	b->user = user;
	b->size = size;
	b->copy = xencall_alloc_buffer(calls, size);
	if (!b->copy) {
		return -ENOMEM;
	}
	memcpy(b->copy, user, size);
	return 0;
}

static void bounce_out(struct bounce *b)
{
	memcpy(b->user, b->copy, b->size);
	xencall_free_buffer(calls, b->copy);
}

static int call1(unsigned number, void *argument, size_t size)
{
	struct bounce b;
	int ret = bounce_in(&b, argument, size);

	if (ret) {
		return ret;
	}
	ret = result(xencall1(calls, number, (uintptr_t)b.copy));
	bounce_out(&b);
	return ret;
}

static int call2(unsigned number, unsigned sub, void *argument, size_t size)
{
	struct bounce b;
	int ret = bounce_in(&b, argument, size);

	if (ret) {
		return ret;
	}
	ret = result(xencall2(calls, number, sub, (uintptr_t)b.copy));
	bounce_out(&b);
	return ret;
}

/* ---- domctl and sysctl --------------------------------------------------------------------- */

int host_domain_info(uint16_t first, struct xen_domctl_getdomaininfo *info)
{
	struct xen_domctl domctl = {
		.cmd = XEN_DOMCTL_getdomaininfo,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
		.domain = first,
	};
	int ret = call1(__HYPERVISOR_domctl, &domctl, sizeof(domctl));

	if (ret >= 0) {
		*info = domctl.u.getdomaininfo;
		info->domain = domctl.domain;
	}
	return ret;
}

/* A channel to port 0, which no domain has: nothing is connected, and the refusal tells why.  Who
 * serves a domain may ask, so that nothing is put on record. */
int host_domain_probe(uint16_t domid)
{
	evtchn_bind_interdomain_t bind = {.remote_dom = domid, .remote_port = 0};
	int ret = call2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &bind,
			sizeof(bind));

	return ret < 0 ? ret : -EINVAL;
}

int host_domain_control(uint32_t command, uint16_t domid)
{
	struct xen_domctl domctl = {
		.cmd = command,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
		.domain = domid,
	};

	return call1(__HYPERVISOR_domctl, &domctl, sizeof(domctl));
}

int host_physinfo(struct xen_sysctl_physinfo *info)
{
	struct xen_sysctl sysctl = {
		.cmd = XEN_SYSCTL_physinfo,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
	};
	int ret = call1(__HYPERVISOR_sysctl, &sysctl, sizeof(sysctl));

	if (ret >= 0) {
		*info = sysctl.u.physinfo;
	}
	return ret;
}

int host_log_read(char *buffer, uint32_t size, uint32_t *index, bool clear)
{
	struct xen_sysctl sysctl = {
		.cmd = XEN_SYSCTL_readconsole,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
	};
	struct xen_sysctl_readconsole *read = &sysctl.u.readconsole;
	int ret = open_calls();
	char *copy;

	if (ret) {
		return ret;
	}
	copy = xencall_alloc_buffer(calls, size);
	if (!copy) {
		return -ENOMEM;
	}
	read->clear = clear;
	read->incremental = 1;
	read->index = *index;
	read->count = size;
	set_xen_guest_handle_raw(read->buffer, copy);
	ret = call1(__HYPERVISOR_sysctl, &sysctl, sizeof(sysctl));
	if (ret >= 0) {
		ret = (int)(read->count < size ? read->count : size);
		memcpy(buffer, copy, (size_t)ret);
		*index = read->index;
	}
	xencall_free_buffer(calls, copy);
	return ret;
}

/* ---- xen_version --------------------------------------------------------------------------- */

int host_version(struct host_version *version)
{
	struct xen_platform_parameters platform = {0};
	int ret = open_calls();

	memset(version, 0, sizeof(*version));
	if (ret) {
		return ret;
	}
	ret = result(xencall2(calls, __HYPERVISOR_xen_version, XENVER_version, 0));
	if (ret < 0) {
		return ret;
	}
	version->major = (unsigned)ret >> 16;
	version->minor = (unsigned)ret & 0xffff;
	/* Each of these may be refused alone; the field then stays empty. */
	call2(__HYPERVISOR_xen_version, XENVER_extraversion, version->extra,
	      sizeof(version->extra));
	call2(__HYPERVISOR_xen_version, XENVER_compile_info, &version->compile,
	      sizeof(version->compile));
	call2(__HYPERVISOR_xen_version, XENVER_capabilities, version->capabilities,
	      sizeof(version->capabilities));
	call2(__HYPERVISOR_xen_version, XENVER_changeset, version->changeset,
	      sizeof(version->changeset));
	call2(__HYPERVISOR_xen_version, XENVER_platform_parameters, &platform, sizeof(platform));
	version->virt_start = platform.virt_start;
	ret = result(xencall2(calls, __HYPERVISOR_xen_version, XENVER_pagesize, 0));
	version->pagesize = ret > 0 ? ret : 4096;
	return 0;
}

/* ---- Corbel's own calls -------------------------------------------------------------------- */

int host_corbel(enum corbel_op op, void *argument, size_t size)
{
	return call2(CORBEL_HYPERCALL, op, argument, size);
}

int host_corbel_read(enum corbel_op op, uint64_t offset, void *buffer, uint32_t size,
		     uint64_t *next, uint64_t *lost)
{
	struct corbel_read read = {.offset = offset, .size = size};
	int ret = open_calls();
	void *copy;

	if (ret) {
		return ret;
	}
	copy = xencall_alloc_buffer_pages(calls, 1);
	if (!copy) {
		return -ENOMEM;
	}
	read.buffer = (uintptr_t)copy;
	ret = host_corbel(op, &read, sizeof(read));
	if (ret >= 0 && read.filled > size) {
		ret = -EIO;
	}
	if (ret >= 0) {
		memcpy(buffer, copy, read.filled);
		*next = read.next;
		*lost = read.lost;
		ret = (int)read.filled;
	}
	xencall_free_buffer_pages(calls, copy, 1);
	return ret;
}

int host_corbel_log_read(struct corbel_log_read *read, void *buffer)
{
	int ret = open_calls();
	void *copy;

	if (ret) {
		return ret;
	}
	copy = xencall_alloc_buffer_pages(calls, 1);
	if (!copy) {
		return -ENOMEM;
	}
	read->buffer = (uintptr_t)copy;
	ret = host_corbel(CORBEL_OP_log_read, read, sizeof(*read));
	if (ret >= 0 && read->filled > read->size) {
		ret = -EIO;
	}
	if (ret >= 0) {
		memcpy(buffer, copy, read->filled);
	}
	xencall_free_buffer_pages(calls, copy, 1);
	return ret;
}

/* ---- build session --------------------------------------------------------------------------- */

int host_session_open(struct host_session *session, uint32_t data_pages)
{
	int port;

	memset(session, 0, sizeof(*session));
	session->events = xenevtchn_open(NULL, 0);
	session->grants = xengntshr_open(NULL, 0);
	if (!session->events || !session->grants) {
		goto fail;
	}
	port = xenevtchn_bind_unbound_port(session->events, CORBEL_DOMID_BUILDER);
	if (port < 0) {
		goto fail;
	}
	session->port = (uint32_t)port;
	/* If this process dies, the kernel clears the low byte of ring->magic and rings the port:
	 * the builder's sign that nobody will serve it any more. */
	session->ring = xengntshr_share_page_notify(
		session->grants, CORBEL_DOMID_BUILDER, &session->ring_ref, 1,
		offsetof(struct corbel_ring, magic), session->port);
	if (!session->ring) {
		goto fail;
	}
	session->data = xengntshr_share_pages(session->grants, CORBEL_DOMID_BUILDER,
					      (int)data_pages, session->data_ref, 0);
	if (!session->data) {
		goto fail;
	}
	session->data_pages = data_pages;
	memset(session->ring, 0, sizeof(*session->ring));
	return 0;
fail:
	port = errno ? -errno : -ENODEV;
	host_session_close(session);
	return port;
}

int host_session_notify(struct host_session *session)
{
	return result(xenevtchn_notify(session->events, session->port));
}

int host_session_wait(struct host_session *session, int timeout_ms)
{
	struct pollfd poller = {.fd = xenevtchn_fd(session->events), .events = POLLIN};
	int ret = poll(&poller, 1, timeout_ms);

	if (ret <= 0) {
		return ret ? -errno : 0;
	}
	ret = xenevtchn_pending(session->events);
	if (ret < 0) {
		return -errno;
	}
	return xenevtchn_unmask(session->events, (evtchn_port_t)ret) ? -errno : 1;
}

void host_session_close(struct host_session *session)
{
	if (session->data) {
		xengntshr_unshare(session->grants, session->data, session->data_pages);
	}
	if (session->ring) {
		xengntshr_unshare(session->grants, session->ring, 1);
	}
	if (session->grants) {
		xengntshr_close(session->grants);
	}
	if (session->events) {
		xenevtchn_close(session->events);
	}
	memset(session, 0, sizeof(*session));
}

/* ---- events and consoles ------------------------------------------------------------------- */

int host_events_open(void)
{
	events = xenevtchn_open(NULL, 0);
	if (!events) {
		return errno ? -errno : -ENODEV;
	}
	/* A batch of events may have been read by the time one is handled. */
	fcntl(xenevtchn_fd(events), F_SETFL, O_NONBLOCK);
	return xenevtchn_fd(events);
}

int host_event_bind(uint16_t domid, uint32_t port)
{
	return result(xenevtchn_bind_interdomain(events, domid, port));
}

int host_event_pending(void)
{
	return result(xenevtchn_pending(events));
}

int host_event_unmask(uint32_t port)
{
	return result(xenevtchn_unmask(events, port));
}

int host_event_notify(uint32_t port)
{
	return result(xenevtchn_notify(events, port));
}

int host_event_unbind(uint32_t port)
{
	return result(xenevtchn_unbind(events, port));
}

bool host_event_connected(uint32_t port)
{
	evtchn_status_t status = {.dom = DOMID_SELF, .port = port};

	return call2(__HYPERVISOR_event_channel_op, EVTCHNOP_status, &status, sizeof(status)) < 0 ||
	       status.status == EVTCHNSTAT_interdomain;
}

struct xencons_interface *host_console_map(uint16_t domid, int *error)
{
	void *page;

	if (!grants) {
		grants = xengnttab_open(NULL, 0);
	}
	page = grants ? xengnttab_map_grant_ref(grants, domid, HOST_CONSOLE_REF,
						PROT_READ | PROT_WRITE)
		      : NULL;
	*error = page ? 0 : -errno;
	return page;
}

void host_console_unmap(struct xencons_interface *page)
{
	xengnttab_unmap(grants, page, 1);
}
