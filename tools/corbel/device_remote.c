/* SPDX-License-Identifier: MIT */
/*
 * See device.h: back ends in a driver domain, whose devd runs the scripts there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/corbel/device.h"
#include "tools/corbel/domains.h"

#define STEP_MS 100

/* Its devd has written the node, or the folder is gone: what it says, "" in time. */
static int wait_for_status(struct xs_handle *store, const struct device *device,
			   unsigned timeout_ms, char *status, size_t size)
{
	for (unsigned waited = 0; waited < timeout_ms; waited += STEP_MS) {
		int ret = xenstore_read(store, device->back, "hotplug-status", status, size);

		if (ret == 0 && status[0]) {
			return 0;
		}
		if (!device_exists(store, device)) {
			return -ENOENT;
		}
		usleep(STEP_MS * 1000);
	}
	return -ETIMEDOUT;
}

int device_wait_connected(struct xs_handle *store, const struct device *device, unsigned timeout_ms,
			  char *why, size_t size)
{
	char status[32] = "", error[DEVICE_WHY / 2] = "";
	int ret = wait_for_status(store, device, timeout_ms, status, sizeof(status));

	if (ret == 0 && !strcmp(status, "connected")) {
		return 0;
	}
	xenstore_read(store, device->back, "hotplug-error", error, sizeof(error));
	for (char *c = error; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			*c = ' ';
		}
	}
	if (ret) {
		snprintf(why, size, "domain %u has not connected it (%s); does its devd run?",
			 device->backend, strerror(-ret));
		return ret;
	}
	snprintf(why, size, "domain %u cannot connect it: %s", device->backend,
		 error[0] ? error : status);
	return -EIO;
}

bool device_wait_removed(struct xs_handle *store, const struct device *device, unsigned timeout_ms)
{
	for (unsigned waited = 0; waited < timeout_ms; waited += STEP_MS) {
		if (!device_exists(store, device) || !domain_may_exist(device->backend)) {
			return true;
		}
		usleep(STEP_MS * 1000);
	}
	return false;
}

/* ---- a driver domain that comes again -------------------------------------------------------- */

#define DEPTH 3 /* device/vif/0/queue-0/tx-ring-ref */

static void renew_reader(struct xenstore_change *change, const struct device *device,
			 const char *path, unsigned depth)
{
	/* netback's script writes the mtu. */
	bool writes = !strcmp(path + strlen(device->front), "/mtu");
	struct xs_permissions permissions[] = {
		{.id = device->domid},
		{.id = device->backend, .perms = XS_PERM_READ | (writes ? XS_PERM_WRITE : 0)},
	};
	char inside[XENSTORE_PATH], **names;
	unsigned count = 0;

	if (!xs_set_permissions(change->store, change->transaction, path, permissions, 2)) {
		change->error = -errno;
		snprintf(change->where, sizeof(change->where), "%s", path);
		return;
	}
	names = xs_directory(change->store, change->transaction, path, &count);
	for (unsigned i = 0; names && depth > 0 && i < count && !change->error; i++) {
		if (snprintf(inside, sizeof(inside), "%s/%s", path, names[i]) <
		    (int)sizeof(inside)) {
			renew_reader(change, device, inside, depth - 1);
		}
	}
	free(names);
}

static void fill_renewed(struct xenstore_change *change, const void *argument)
{
	const struct device_contents *contents = argument;
	const struct device *device = contents->device;

	renew_reader(change, device, device->front, DEPTH);
	device_fill_back(change, contents);
	xenstore_put(change, device->back, "state", "%d", XenbusStateInitialising);
}

int device_renew(struct xs_handle *store, const struct device_contents *contents, char *why,
		 size_t size)
{
	char where[XENSTORE_PATH];
	int ret = xenstore_commit(store, fill_renewed, contents, where);

	if (ret) {
		snprintf(why, size, "cannot write %s in xenstore: %s",
			 where[0] ? where : contents->device->back, strerror(-ret));
	}
	return ret;
}
