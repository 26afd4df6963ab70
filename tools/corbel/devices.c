/* SPDX-License-Identifier: MIT */
/*
 * See vbd.h: all devices of a configuration, before its domain runs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/corbel/vbd.h"

/* "FILE:LINE: disk xvda: WHY" */
static void say(char *why, size_t size, const char *where, const char *what, const char *name,
		const char *reason)
{
	snprintf(why, size, "%s%s %s: %s", where, what, name, reason);
}

static int check(struct xs_handle *store, const struct guest_devices *devices, char *why,
		 size_t size)
{
	char reason[DEVICE_WHY], name[12];
	int ret;

	for (unsigned i = 0; i < devices->disk_count; i++) {
		ret = disk_check(store, &devices->disks[i], reason, sizeof(reason));
		if (ret) {
			say(why, size, devices->disks[i].where, "disk", devices->disks[i].vdev,
			    reason);
			return ret;
		}
	}
	for (unsigned i = 0; i < devices->vif_count; i++) {
		ret = vif_check(&devices->vifs[i], reason, sizeof(reason));
		if (ret) {
			snprintf(name, sizeof(name), "%d", devices->vifs[i].devid);
			say(why, size, devices->vifs[i].where, "vif", name, reason);
			return ret;
		}
	}
	return 0;
}

int devices_prepare(struct xs_handle *store, struct guest_devices *devices, char *why, size_t size)
{
	int ret;

	if (!devices->disk_count && !devices->vif_count) {
		return 0;
	}
	if (!store) {
		return -ENOTCONN;
	}
	ret = guest_devices_complete(devices);
	if (ret) {
		snprintf(why, size, "no random MAC address: %s", strerror(-ret));
		return ret;
	}
	return check(store, devices, why, size);
}

int devices_attach(struct xs_handle *store, uint16_t domid, const struct guest_devices *devices,
		   char *why, size_t size)
{
	char reason[DEVICE_WHY], name[12];
	int ret;

	for (unsigned i = 0; i < devices->disk_count; i++) {
		ret = disk_attach(store, domid, &devices->disks[i], reason, sizeof(reason));
		if (ret) {
			say(why, size, devices->disks[i].where, "disk", devices->disks[i].vdev,
			    reason);
			return ret;
		}
	}
	for (unsigned i = 0; i < devices->vif_count; i++) {
		ret = vif_attach(store, domid, &devices->vifs[i], reason, sizeof(reason));
		if (ret) {
			snprintf(name, sizeof(name), "%d", devices->vifs[i].devid);
			say(why, size, devices->vifs[i].where, "vif", name, reason);
			return ret;
		}
	}
	return 0;
}
