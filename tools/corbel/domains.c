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
#include "tools/corbel/store.h"

int domains_next(uint16_t first, struct domain_entry *entry)
{
	int ret = host_domain_info(first, &entry->info);
	uint16_t domid = entry->info.domain;

	if (ret < 0) {
		return ret;
	}
	entry->noted =
		domid >= CORBEL_DOMID_FIRST && store_load(domid, entry->info.handle, &entry->guest);
	if (entry->noted) {
		strcpy(entry->name, entry->guest.request.name);
	} else if (domid == CORBEL_DOMID_DOM0) {
		strcpy(entry->name, "Domain-0");
	} else if (domid == CORBEL_DOMID_BUILDER) {
		strcpy(entry->name, "corbel-builder");
	} else {
		strcpy(entry->name, "(null)"); /* as xl */
	}
	return 0;
}

int domains_get(uint16_t domid, struct domain_entry *entry)
{
	int ret = domains_next(domid, entry);

	if (ret) {
		return ret;
	}
	return entry->info.domain == domid ? 0 : -ESRCH;
}

int domains_resolve(const char *text, uint16_t *domid)
{
	struct domain_entry entry;
	unsigned long number;
	uint32_t next = 0;
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
	while (next < DOMID_FIRST_RESERVED && (ret = domains_next((uint16_t)next, &entry)) == 0) {
		if (!strcmp(entry.name, text) && strcmp(text, "(null)")) {
			*domid = entry.info.domain;
			return 0;
		}
		next = entry.info.domain + 1u;
	}
	return next < DOMID_FIRST_RESERVED ? ret : -ESRCH;
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

void domain_identity(uint16_t domid, struct domain_identity *out)
{
	struct corbel_launch_info launch = {.domid = domid};

	if (host_corbel(CORBEL_OP_launch_info, &launch, sizeof(launch)) < 0) {
		memset(&launch, 0, sizeof(launch));
	}
	snprintf(out->label, sizeof(out->label), "%.*s", CORBEL_LABEL_LEN - 1,
		 launch.record.label[0] ? launch.record.label : "-");
	owner_text(launch.record.owner, out->owner);
	out->tenant = launch.tenant;
}

int domain_destroy(uint16_t domid, int timeout_ms)
{
	const int step_ms = 10;
	struct xen_domctl_getdomaininfo info;
	int ret, waited = 0;

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
	console_link_announce(domid); /* the drainer's mapping keeps the domain's memory busy */
	while (host_domain_info(domid, &info) >= 0 && info.domain == domid) {
		if (waited >= timeout_ms) {
			return -ETIMEDOUT;
		}
		usleep(step_ms * 1000);
		waited += step_ms;
	}
	return 0;
}
