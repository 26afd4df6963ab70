/* SPDX-License-Identifier: MIT */
/* Test kernels as Dom0: a tenant's console, its end and its removal. */
#include "tests/guest/lib/tenant.h"
#include <xen/domctl.h>
#include <xen/io/console.h>
#include <xen/sched.h>

#define CONSOLE_REF  0
#define CONSOLE_PORT 1

bool under_policy(const char *name)
{
	char policy[32];

	return strcmp(option("policy", policy, sizeof(policy)) != NULL ? policy : "cloud", name) ==
	       0;
}

void tenant_attach(struct tenant *t, const char *name, uint16_t domid, unsigned slot)
{
	int status;
	long rc;

	memset(t, 0, sizeof(*t));
	format_into(t->name, sizeof(t->name), "%s", name);
	t->domid = domid;
	t->slot = slot;
	status = grant_map(domid, CONSOLE_REF, slot, 0, &t->console_handle);
	if (status != GNTST_okay) {
		not_ok(name, "console of domain %u: grant map status %d", domid, status);
		return;
	}
	rc = event_interdomain(domid, CONSOLE_PORT);
	if (rc < 0) {
		not_ok(name, "console of domain %u: bind %ld", domid, rc);
		grant_unmap(slot, t->console_handle);
		return;
	}
	t->console_port = (uint32_t)rc;
	t->attached = true;
}

static void take_line(struct tenant *t)
{
	char *why;

	t->line[t->line_used] = 0;
	if (strncmp(t->line, "ok - ", 5) == 0) {
		ok("%s: %s", t->name, t->line + 5);
	} else if (strncmp(t->line, "not ok - ", 9) == 0) {
		why = strstr(t->line, ": ");
		if (why != NULL) {
			*why = 0;
		}
		tests_failed++;
		print("not ok - %s: %s: %s\n", t->name, t->line + 9, why == NULL ? "?" : why + 2);
	} else {
		print("(%s) %s\n", t->name, t->line);
	}
	t->line_used = 0;
}

static void take_byte(struct tenant *t, char c)
{
	if (t->log_used + 1 < sizeof(t->log)) {
		t->log[t->log_used++] = c;
		t->log[t->log_used] = 0;
	}
	if (c == '\n') {
		take_line(t);
	} else if (c != '\r' && t->line_used + 1 < sizeof(t->line)) {
		t->line[t->line_used++] = c;
	}
}

void tenant_drain(struct tenant *t)
{
	volatile struct xencons_interface *ring = grant_slot(t->slot);
	uint32_t prod, cons;

	if (!t->attached) {
		return;
	}
	prod = ring->out_prod;
	cons = ring->out_cons;
	if (prod == cons) {
		return;
	}
	if (prod - cons > sizeof(ring->out)) {
		cons = prod; /* a tenant may write nonsense */
	}
	for (; cons != prod; cons++) {
		take_byte(t, ring->out[MASK_XENCONS_IDX(cons, ring->out)]);
	}
	ring->out_cons = cons;
	event_send(t->console_port);
}

void tenant_type(struct tenant *t)
{
	volatile struct xencons_interface *ring = grant_slot(t->slot);

	ring->in[ring->in_prod % sizeof(ring->in)] = '.';
	ring->in_prod = ring->in_prod + 1;
	event_send(t->console_port);
}

bool tenant_said(struct tenant *t, const char *text, uint64_t timeout_ns)
{
	uint64_t end = now_ns() + timeout_ns;

	if (!t->attached) {
		return false;
	}
	for (;;) {
		tenant_drain(t);
		if (strstr(t->log, text) != NULL) {
			return true;
		}
		if (now_ns() >= end) {
			return false;
		}
		event_wait(t->console_port, 5000000);
	}
}

/* getdomaininfo answers for the first domain >= the number. */
static enum tenant_end query(uint16_t domid)
{
	struct xen_domctl arg = {.cmd = XEN_DOMCTL_getdomaininfo,
				 .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
				 .domain = domid};
	uint32_t flags, reason;

	if (hypercall1(__HYPERVISOR_domctl, (uintptr_t)&arg) != 0 ||
	    arg.u.getdomaininfo.domain != domid) {
		return TENANT_gone;
	}
	flags = arg.u.getdomaininfo.flags;
	reason = flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
	if ((flags & XEN_DOMINF_shutdown) != 0) {
		if (reason == SHUTDOWN_poweroff) {
			return TENANT_off;
		}
		return reason == SHUTDOWN_crash ? TENANT_crashed : TENANT_other;
	}
	return (flags & XEN_DOMINF_dying) != 0 ? TENANT_gone : TENANT_lives;
}

enum tenant_end tenant_state(struct tenant *t)
{
	struct corbel_trace record;
	enum tenant_end end = query(t->domid);

	if (end == TENANT_gone && trace_crash(t->domid, &record)) {
		return TENANT_crashed;
	}
	return end;
}

enum tenant_end tenant_wait(struct tenant *t, uint64_t timeout_ns)
{
	uint64_t end = now_ns() + timeout_ns;
	enum tenant_end state;

	do {
		tenant_drain(t);
		state = tenant_state(t);
		if (state == TENANT_lives) {
			sleep_ns(2000000);
		}
	} while (state == TENANT_lives && now_ns() < end);
	tenant_drain(t);
	return state;
}

void tenant_crash_reason(struct tenant *t, char *reason, size_t size)
{
	struct corbel_launch_info info;

	reason[0] = 0;
	if (launch_info(t->domid, &info) == 0) {
		format_into(reason, size, "%s", info.crash_reason);
	}
}

void tenant_detach(struct tenant *t)
{
	int status;

	if (!t->attached) {
		return;
	}
	tenant_drain(t);
	t->attached = false;
	event_close(t->console_port);
	status = grant_unmap(t->slot, t->console_handle);
	if (status != GNTST_okay) {
		not_ok(t->name, "console unmap: status %d", status);
	}
}

void tenant_destroy(struct tenant *t)
{
	uint64_t end = now_ns() + 5000000000ull;
	long rc;

	tenant_detach(t);
	rc = domain_control(XEN_DOMCTL_destroydomain, t->domid);
	if (rc != 0 && rc != -XEN_ESRCH) {
		not_ok(t->name, "destroy: %ld", rc);
		return;
	}
	while (query(t->domid) != TENANT_gone) {
		if (now_ns() > end) {
			not_ok(t->name, "domain %u is still there 5 s after destroy", t->domid);
			return;
		}
		sleep_ns(1000000);
	}
}

const char *tenant_end_name(enum tenant_end end)
{
	static const char *const names[] = {"alive", "powered off", "crashed", "ended otherwise",
					    "gone"};

	return names[end];
}
