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

/* "domain NAME", or its number if it has no name; valid until the next call. */
const char *domain_text(const struct domain_entry *entry);

/* "rbpsXd" as in xl; once dying only `-----d` or `---s-d`, after shutdown never r or b. */
void domain_state(const struct xen_domctl_getdomaininfo *info, char text[7]);
unsigned domain_shutdown_reason(const struct xen_domctl_getdomaininfo *info);
const char *domain_shutdown_text(const struct xen_domctl_getdomaininfo *info);
/* What the hypervisor says about a domain's label and owner. */
struct domain_identity {
	char label[CORBEL_LABEL_LEN];          /* "-" where it does not say */
	char owner[2 * CORBEL_DIGEST_LEN + 1]; /* digest of the key in hexadecimal, or "-" */
	uint32_t tenant;                       /* 0: none */
};
void domain_identity(uint16_t domid, struct domain_identity *out);
/* The owner's digest of a launch record, or "-". */
void owner_text(const uint8_t owner[CORBEL_DIGEST_LEN], char text[2 * CORBEL_DIGEST_LEN + 1]);

/* Destroys and waits until the hypervisor no longer reports the domain, then drops its note. */
int domain_destroy(uint16_t domid, int timeout_ms);

#endif
