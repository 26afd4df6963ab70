/* SPDX-License-Identifier: MIT */
/*
 * The devices of a configuration: its lists `disk` and `vif`.
 */
#ifndef CORBEL_TOOL_GUEST_DEVICES_H
#define CORBEL_TOOL_GUEST_DEVICES_H
#include <stdio.h>

#include "tools/corbel/config.h"
#include "tools/corbel/guest_disk.h"
#include "tools/corbel/guest_vif.h"

#define GUEST_DISKS 16
#define GUEST_VIFS  8

struct guest_devices {
	struct disk disks[GUEST_DISKS];
	struct vif vifs[GUEST_VIFS];
	unsigned disk_count, vif_count;
};

/* Returns 0, or -1 with config->error: "FILE:LINE: what is wrong". */
int guest_devices_take(struct guest_devices *devices, struct config *config);
/* Writes the two settings; an empty list is left out. */
void guest_devices_write(const struct guest_devices *devices, FILE *out);
/* Draws MAC addresses (00:16:3e, as xl) where none is given, so that a restart keeps them, and
 * numbers the interfaces.  Returns 0 or a negative errno. */
int guest_devices_complete(struct guest_devices *devices);
/* The first of it for one interface. */
int vif_draw_mac(struct vif *vif);

#endif
