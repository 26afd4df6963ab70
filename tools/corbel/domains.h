/* SPDX-License-Identifier: MIT */
/*
 * The domains that the hypervisor reports, joined with Dom0's notes about them.
 */
#ifndef CORBEL_TOOL_DOMAINS_H
#define CORBEL_TOOL_DOMAINS_H
#include <stdbool.h>

#include "tools/corbel/guest.h"
#include "tools/corbel/host.h"

struct domain_entry {
	struct xen_domctl_getdomaininfo info;
	char name[64];
	bool noted; /* guest is valid */
	struct guest guest;
};

/* First domain with id >= first.  0, -ESRCH at the end, or another negative errno. */
int domains_next(uint16_t first, struct domain_entry *entry);
/* Exactly this domain; -ESRCH if it does not exist. */
int domains_get(uint16_t domid, struct domain_entry *entry);
/* Name or number to number.  A number is taken as it is. */
int domains_resolve(const char *text, uint16_t *domid);

/* "rbpsXd" as in xl; once dying only `-----d` or `---s-d`, after shutdown never r or b. */
void domain_state(const struct xen_domctl_getdomaininfo *info, char text[7]);
unsigned domain_shutdown_reason(const struct xen_domctl_getdomaininfo *info);
const char *domain_shutdown_text(const struct xen_domctl_getdomaininfo *info);
/* The security label, or "-" where the hypervisor does not say. */
void domain_label(uint16_t domid, char label[CORBEL_LABEL_LEN]);

/* Destroys and waits until the hypervisor no longer reports the domain, then drops its note. */
int domain_destroy(uint16_t domid, int timeout_ms);

#endif
