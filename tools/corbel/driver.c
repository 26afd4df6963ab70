/* SPDX-License-Identifier: MIT */
/*
 * See driver.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/corbel/corbel.h"
#include "tools/corbel/domains.h"
#include "tools/corbel/driver.h"
#include "tools/corbel/vbd.h"

#define NUMBERS "/corbel/driver" /* Dom0's alone */

uint16_t driver_number(struct xs_handle *store, const char *name)
{
	char text[16];

	if (xenstore_read(store, NUMBERS, name, text, sizeof(text))) {
		return 0;
	}
	return (uint16_t)strtoul(text, NULL, 10);
}

struct number {
	const char *name;
	uint16_t domid;
};

static void fill(struct xenstore_change *change, const void *argument)
{
	const struct number *number = argument;

	xenstore_make(change, XENSTORE_DOM0, 0, NUMBERS, NULL);
	xenstore_put(change, NUMBERS, number->name, "%u", number->domid);
}

static void say(const struct domain_entry *entry, const char *device, const char *why)
{
	tool_error(0, "%s of %s is not served on: %s", device, domain_text(entry), why);
}

static void renew_devices(struct xs_handle *store, const char *name, uint16_t domid,
			  const struct domain_entry *entry)
{
	const struct guest_devices *devices = &entry->guest.devices;
	char why[DEVICE_WHY];

	for (unsigned i = 0; i < devices->disk_count; i++) {
		const struct disk *disk = &devices->disks[i];

		if (!strcmp(disk->backend, name) &&
		    disk_renew(store, domid, entry->info.domain, disk, why, sizeof(why))) {
			say(entry, disk->vdev, why);
		}
	}
	for (unsigned i = 0; i < devices->vif_count; i++) {
		const struct vif *vif = &devices->vifs[i];

		if (!strcmp(vif->backend, name) &&
		    vif_renew(store, domid, entry->info.domain, vif, why, sizeof(why))) {
			say(entry, "an interface", why);
		}
	}
}

void driver_begin(struct xs_handle *store, const char *name, uint16_t domid)
{
	const struct number number = {name, domid};
	struct domain_walk walk = {0};
	char where[XENSTORE_PATH];
	struct domain_entry *entry = malloc(sizeof(*entry));

	if (!entry || xenstore_commit(store, fill, &number, where)) {
		tool_error(0, "the number of %s is not kept: its clients will not get it back",
			   name);
	}
	while (entry && domains_walk(&walk, entry) == 0) {
		if (entry->noted && entry->info.domain != domid) {
			renew_devices(store, name, domid, entry);
		}
	}
	free(entry);
}
