/* SPDX-License-Identifier: MIT */
/*
 * Dom0's own notes about domains: <root>/domains/<domid>/config holds the
 * effective settings (and with them the name) of each domain created here.
 * Names are decoration: identity is the hypervisor's, and a note counts only
 * while its UUID is the one that the hypervisor reports for that domid.
 */
#ifndef CORBEL_TOOL_STORE_H
#define CORBEL_TOOL_STORE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/corbel/guest.h"

extern const char *store_root; /* "/run/corbel"; tests point it elsewhere */

/* Makes <root>/domains.  Returns 0 or a negative errno. */
int store_prepare(void);
/* Notes a domain that is about to be built; found by UUID until it has a domid. */
int store_pending(const struct guest *guest);
int store_commit(const struct guest *guest, uint16_t domid);
/* Other settings of a running domain, whole or not at all. */
int store_change(const struct guest *guest, uint16_t domid);
/* Takes back the note of a build that failed, also if a reader has adopted it meanwhile. */
void store_discard(const struct guest *guest);
void store_remove(uint16_t domid);
/* One note by its name under <root>/domains. */
void store_remove_note(const char *name);

/* The creators' lock, held until the descriptor is closed.  Returns it or a negative errno,
 * -EWOULDBLOCK if it is taken and wait is false. */
int store_lock(bool wait);

/* Returns true and fills guest if there is a note for this domain. */
bool store_load(uint16_t domid, const uint8_t uuid[16], struct guest *guest);
/* The same without a UUID to compare: what the note says of a domain that cannot be looked at. */
bool store_read(uint16_t domid, struct guest *guest);

/* The numbers that have notes, as bits; all clear if there is no folder of notes. */
#define STORE_NUMBERS 32768
void store_numbers(uint8_t bits[STORE_NUMBERS / 8]);
/* Path of the note's configuration file. */
void store_config_path(uint16_t domid, char *path, size_t size);

#endif
