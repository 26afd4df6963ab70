/* SPDX-License-Identifier: MIT */
/*
 * The domains that the hypervisor reports, joined with Dom0's notes about them.  A policy may hide
 * domains from Dom0: what is not reported need not be gone.  Of a hidden domain Dom0 knows what its
 * own note says, and that there is a domain with that number.
 */
#ifndef CORBEL_TOOL_DOMAINS_H
#define CORBEL_TOOL_DOMAINS_H
#include <stdbool.h>

#include "tools/corbel/guest.h"
#include "tools/corbel/host.h"
#include "tools/corbel/store.h"

struct domain_entry {
	struct xen_domctl_getdomaininfo info;
	char name[64];
	bool noted; /* guest is valid */
	struct guest guest;
	/* The policy does not show it: of info only number, UUID and sizes are filled, from the
	 * note; without a note the number alone. */
	bool hidden;
	bool barred; /* hidden, and ends just now, or the policy keeps Dom0 from serving it too */
};

/* One walk over all domains that Dom0 sees or has noted, by rising number; starts as all zero. */
struct domain_walk {
	uint32_t next;
	bool started;
	uint8_t noted[STORE_NUMBERS / 8];
};
/* The next one.  0, -ESRCH at the end, or another negative errno. */
int domains_walk(struct domain_walk *walk, struct domain_entry *entry);
/* Exactly this domain; -ESRCH if it does not exist. */
int domains_get(uint16_t domid, struct domain_entry *entry);
/* False only if there is certainly no domain of this number. */
bool domain_may_exist(uint16_t domid);
/* Name or number to number.  A number is taken as it is. */
int domains_resolve(const char *text, uint16_t *domid);
/* Whether the policy in force lets Dom0 have domains built that it may not see: 1, 0, or a negative
 * errno where it may not be read. */
int domains_are_hidden(void);
/* Whether the policy in force lets Dom0 do this (XSM_RIGHT) to a customer's domain of this label:
 * 1, 0, or a negative errno. */
int domain_label_permits(const char *label, size_t right);
/* Says on stderr that the policy hides domains. */
void domains_say_hidden(void);

/* "domain NAME", or its number if it has no name; valid until the next call. */
const char *domain_text(const struct domain_entry *entry);

/* "rbpsXd" as in xl; once dying only `-----d` or `---s-d`, after shutdown never r or b. */
void domain_state(const struct xen_domctl_getdomaininfo *info, char text[7]);
unsigned domain_shutdown_reason(const struct xen_domctl_getdomaininfo *info);
const char *domain_shutdown_text(const struct xen_domctl_getdomaininfo *info);
/* What the hypervisor says about a domain's label and owner; of a hidden one the note's label. */
struct domain_identity {
	char label[CORBEL_LABEL_LEN];          /* "-" where it does not say */
	char owner[2 * CORBEL_DIGEST_LEN + 1]; /* digest of the key in hexadecimal, or "-" */
	uint32_t tenant;                       /* 0: none */
};
void domain_identity(const struct domain_entry *entry, struct domain_identity *out);
/* The owner's digest of a launch record, or "-". */
void owner_text(const uint8_t owner[CORBEL_DIGEST_LEN], char text[2 * CORBEL_DIGEST_LEN + 1]);

/* Destroys, drops the note and waits until there is no such domain.  -ETIMEDOUT: it still ends. */
int domain_destroy(uint16_t domid, int timeout_ms);

#endif
