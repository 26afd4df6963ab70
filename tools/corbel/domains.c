/* SPDX-License-Identifier: MIT */
/*
 * See domains.h.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xen/sched.h>

#include "tools/corbel/console_link.h"
#include "tools/corbel/domains.h"
#include "tools/corbel/force.h"
#include "tools/corbel/tree.h"
#include "tools/corbel/vbd.h"
#include "xsm/monitor/monitor.h"

static void set_name(struct domain_entry *entry)
{
	uint16_t domid = entry->info.domain;

	if (entry->noted) {
		strcpy(entry->name, entry->guest.request.name);
	} else if (domid == CORBEL_DOMID_DOM0) {
		strcpy(entry->name, "Domain-0");
	} else if (domid == CORBEL_DOMID_BUILDER) {
		strcpy(entry->name, "corbel-builder");
	} else {
		strcpy(entry->name, "(null)"); /* as xl */
	}
}

/* info is filled: the rest of the entry. */
static void fill_listed(struct domain_entry *entry)
{
	uint16_t domid = entry->info.domain;

	entry->hidden = entry->barred = false;
	entry->noted =
		domid >= CORBEL_DOMID_FIRST && store_load(domid, entry->info.handle, &entry->guest);
	set_name(entry);
}

/* What is not listed: 0 if there is such a domain nevertheless. */
static int fill_hidden(uint16_t domid, struct domain_entry *entry)
{
	const struct request *request = &entry->guest.request;
	int ret = host_domain_probe(domid);

	if (ret != -EINVAL && ret != -EPERM) {
		return ret;
	}
	memset(&entry->info, 0, sizeof(entry->info));
	entry->info.domain = domid;
	entry->hidden = true;
	entry->barred = ret == -EPERM;
	entry->noted = domid >= CORBEL_DOMID_FIRST && store_read(domid, &entry->guest);
	if (entry->noted) {
		memcpy(entry->info.handle, request->uuid, sizeof(entry->info.handle));
		entry->info.nr_online_vcpus = request->vcpus;
		entry->info.tot_pages = entry->info.max_pages = (uint64_t)request->memory_mib << 8;
	}
	set_name(entry);
	return 0;
}

static bool is_noted(const struct domain_walk *walk, uint32_t number)
{
	return walk->noted[number / 8] >> number % 8 & 1;
}

int domains_walk(struct domain_walk *walk, struct domain_entry *entry)
{
	uint32_t listed = DOMID_FIRST_RESERVED, at;
	int ret = -ESRCH;

	if (!walk->started) {
		store_numbers(walk->noted);
		walk->started = true;
	}
	if (walk->next < DOMID_FIRST_RESERVED) {
		ret = host_domain_info((uint16_t)walk->next, &entry->info);
	}
	if (ret < 0 && ret != -ESRCH) {
		return ret;
	}
	if (ret == 0) {
		listed = entry->info.domain;
	}
	for (at = walk->next; at < listed; at++) {
		if (is_noted(walk, at) && fill_hidden((uint16_t)at, entry) == 0) {
			walk->next = at + 1;
			return 0;
		}
	}
	walk->next = listed < DOMID_FIRST_RESERVED ? listed + 1 : listed;
	if (ret == 0) {
		fill_listed(entry);
	}
	return ret;
}

int domains_get(uint16_t domid, struct domain_entry *entry)
{
	int ret = host_domain_info(domid, &entry->info);

	if (ret < 0 && ret != -ESRCH) {
		return ret;
	}
	if (ret == 0 && entry->info.domain == domid) {
		fill_listed(entry);
		return 0;
	}
	return fill_hidden(domid, entry);
}

bool domain_may_exist(uint16_t domid)
{
	struct xen_domctl_getdomaininfo info;
	int ret = host_domain_info(domid, &info);

	if (ret == 0 && info.domain == domid) {
		return true;
	}
	return (ret < 0 && ret != -ESRCH) || host_domain_probe(domid) != -ESRCH;
}

int domains_resolve(const char *text, uint16_t *domid)
{
	struct domain_walk walk = {0};
	struct domain_entry entry;
	unsigned long number;
	char *end;
	int ret;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && !*end) {
		if (errno || number >= DOMID_FIRST_RESERVED) {
			return -ESRCH;
		}
		*domid = (uint16_t)number;
		return 0;
	}
	while ((ret = domains_walk(&walk, &entry)) == 0) {
		if (!strcmp(entry.name, text) && strcmp(text, "(null)")) {
			*domid = entry.info.domain;
			return 0;
		}
	}
	return ret;
}

/* ---- what the policy lets Dom0 do --------------------------------------------------------- */

/* What the gate will say of Dom0 on a domain of this context that it has had built. */
static bool dom0_may(const struct xsm_policy *policy, uint16_t context, size_t right)
{
	struct xsm_label object = {.ctx = context};

	object.tenant = xsm_is_owned(policy, object) ? 1 : XSM_TENANT_NONE;
	return xsm_allowed(policy, xsm_sid_label(policy, XSM_SID_dom0), object, right);
}

int domain_label_permits(const char *label, size_t right)
{
	struct force force = {0};
	struct xsm_label object;
	char why[FORCE_WHY];
	int ret = force_load(&force, why);

	if (!ret) {
		ret = !xsm_label_by_name(&force.policy, label, &object) &&
		      dom0_may(&force.policy, object.ctx, right);
	}
	force_free(&force);
	return ret;
}

int domains_are_hidden(void)
{
	struct force force = {0};
	char why[FORCE_WHY];
	int ret = force_load(&force, why);

	for (uint16_t i = 0; !ret && i < force.policy.contexts; i++) {
		ret = dom0_may(&force.policy, i, XSM_RIGHT(domain, create)) &&
		      !dom0_may(&force.policy, i, XSM_RIGHT(domain, getdomaininfo));
	}
	force_free(&force);
	return ret;
}

void domains_say_hidden(void)
{
	fprintf(stderr,
		"the policy hides domains from Dom0 (domain:getdomaininfo): of these it knows what "
		"`create' noted\n");
}

const char *domain_text(const struct domain_entry *entry)
{
	static char text[80];

	if (strcmp(entry->name, "(null)") != 0) {
		snprintf(text, sizeof(text), "domain %s", entry->name);
	} else {
		snprintf(text, sizeof(text), "domain %u", entry->info.domain);
	}
	return text;
}

unsigned domain_shutdown_reason(const struct xen_domctl_getdomaininfo *info)
{
	return info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
}

const char *domain_shutdown_text(const struct xen_domctl_getdomaininfo *info)
{
	static const char *const texts[] = {
		[SHUTDOWN_poweroff] = "powered off",      [SHUTDOWN_reboot] = "asked for a reboot",
		[SHUTDOWN_suspend] = "suspended",         [SHUTDOWN_crash] = "crashed",
		[SHUTDOWN_watchdog] = "watchdog expired",
	};
	unsigned reason = domain_shutdown_reason(info);

	return reason < sizeof(texts) / sizeof(texts[0]) ? texts[reason] : "unknown reason";
}

void domain_state(const struct xen_domctl_getdomaininfo *info, char text[7])
{
	static const char reasons[] = "-rscwS";
	bool dying = info->flags & XEN_DOMINF_dying;
	bool down = info->flags & XEN_DOMINF_shutdown;
	unsigned reason = domain_shutdown_reason(info);

	strcpy(text, "------");
	if (!dying && !down) {
		text[0] = info->flags & XEN_DOMINF_running ? 'r' : '-';
		text[1] = info->flags & XEN_DOMINF_blocked ? 'b' : '-';
	}
	if (!dying && info->flags & XEN_DOMINF_paused) {
		text[2] = 'p';
	}
	if (down) {
		text[3] = 's';
	}
	if (down && !dying) {
		text[4] = reason < sizeof(reasons) - 1 ? reasons[reason] : '?';
	}
	if (dying) {
		text[5] = 'd';
	}
}

void owner_text(const uint8_t owner[CORBEL_DIGEST_LEN], char text[2 * CORBEL_DIGEST_LEN + 1])
{
	static const uint8_t nobody[CORBEL_DIGEST_LEN];

	strcpy(text, "-");
	for (int i = 0; i < CORBEL_DIGEST_LEN && memcmp(owner, nobody, sizeof(nobody)) != 0; i++) {
		sprintf(text + 2 * i, "%02x", owner[i]);
	}
}

void domain_identity(const struct domain_entry *entry, struct domain_identity *out)
{
	struct corbel_launch_info launch = {.domid = entry->info.domain};

	if (entry->hidden || host_corbel(CORBEL_OP_launch_info, &launch, sizeof(launch)) < 0) {
		memset(&launch, 0, sizeof(launch));
		if (entry->hidden && entry->noted) {
			snprintf(launch.record.label, sizeof(launch.record.label), "%s",
				 entry->guest.request.label);
		}
	}
	snprintf(out->label, sizeof(out->label), "%.*s", CORBEL_LABEL_LEN - 1,
		 launch.record.label[0] ? launch.record.label : "-");
	owner_text(launch.record.owner, out->owner);
	out->tenant = launch.tenant;
}

static bool is_listed(uint16_t domid)
{
	struct xen_domctl_getdomaininfo info;

	return host_domain_info(domid, &info) >= 0 && info.domain == domid;
}

int domain_destroy(uint16_t domid, int timeout_ms)
{
	/* To ask for a hidden domain that ends is refused, and each refusal is on record. */
	const int step_ms = is_listed(domid) ? 10 : 100;
	int ret, waited = 0;

	/* Back ends map the domain's memory. */
	if (domid >= CORBEL_DOMID_FIRST) {
		devices_remove(domid);
	}
	/* Tearing down is done in bounded steps: -EAGAIN means "call again". */
	while ((ret = host_domain_control(XEN_DOMCTL_destroydomain, domid)) == -EAGAIN ||
	       ret == -ERESTART) {
		if (waited >= timeout_ms) {
			return -ETIMEDOUT;
		}
		usleep(step_ms * 1000);
		waited += step_ms;
	}
	if (ret < 0) {
		return ret;
	}
	store_remove(domid);
	/* Mappings of the drainer and of xenstored keep the domain's memory busy. */
	tree_remove(domid);
	console_link_announce(domid);
	while (domain_may_exist(domid)) {
		if (waited >= timeout_ms) {
			return -ETIMEDOUT;
		}
		usleep(step_ms * 1000);
		waited += step_ms;
	}
	return 0;
}
