/* SPDX-License-Identifier: MIT */
/*
 * See vbd.h: devices are taken back.  First both ends let go, then the script, then the folders go;
 * of a domain that runs no more all devices are told first and waited for afterwards.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/corbel/domains.h"
#include "tools/corbel/host.h"
#include "tools/corbel/vbd.h"

unsigned device_let_go_ms = 10000; /* as libxl */

static const char *const what_it_is[] = {"vbd", "disk", "vif", "interface"};

static const char *word_of(const struct device *device)
{
	return !strcmp(device->kind, what_it_is[0]) ? what_it_is[1] : what_it_is[3];
}

/* The back end is closed: its script takes back what it has done. */
static int disconnect(struct xs_handle *store, const struct device *device, char *why, size_t size)
{
	char script[XENSTORE_PATH], name[32];
	struct device_call call = {.script = script};
	int ret;

	if (device->backend) {
		return 0;
	}
	if (xenstore_read(store, device->back, "script", script, sizeof(script))) {
		return 0; /* none has run */
	}
	if (!strcmp(device->kind, "vbd")) {
		call.words[0] = "remove";
		ret = device_run(store, device, &call, why, size);
		disk_let_go(store, device);
		return ret;
	}
	if (xenstore_read(store, device->back, "vifname", name, sizeof(name))) {
		snprintf(name, sizeof(name), "vif%u.%u", device->domid, device->number);
	}
	call.words[0] = "offline";
	call.words[1] = "type_if=vif";
	call.vif = name;
	return device_run(store, device, &call, why, size);
}

static int wait_until_closed(struct xs_handle *store, const struct device *device)
{
	int ret = device_wait(store, device, 1 << XenbusStateClosed, device_let_go_ms);

	return ret == -ETIMEDOUT ? ret : 0;
}

/* Both ends have been asked. */
static int finish(struct xs_handle *store, const struct device *device, char *why, size_t size)
{
	bool lives = !device->backend || domain_may_exist(device->backend);
	bool late = lives && wait_until_closed(store, device) != 0;
	int ret = disconnect(store, device, why, size);

	if (device->backend && !late) {
		late = !device_wait_removed(store, device, device_let_go_ms);
	}
	device_delete(store, device);
	if (late) {
		snprintf(why, size, "its back end has not let go in %u s", device_let_go_ms / 1000);
		return -ETIMEDOUT;
	}
	return ret;
}

int device_detach(struct xs_handle *store, const struct device *device, bool gone, char *why,
		  size_t size)
{
	int ret = device_ask_to_close(store, device, gone);

	if (!ret && !gone && wait_until_closed(store, device)) {
		fprintf(stderr, "domain %u has not let go of %s %u in %u s: taken away\n",
			device->domid, word_of(device), device->number, device_let_go_ms / 1000);
		ret = device_ask_to_close(store, device, true);
	}
	if (ret) {
		snprintf(why, size, "cannot close it: %s", strerror(-ret));
		return ret;
	}
	return finish(store, device, why, size);
}

/* ---- all of a domain ------------------------------------------------------------------------- */

/* Before its devices are gone nobody is to see that they go. */
static void stop_once(uint16_t domid, bool *stopped)
{
	if (!*stopped) {
		*stopped = true;
		host_domain_control(XEN_DOMCTL_pausedomain, domid); /* if it is still there */
	}
}

static void ask_one(struct xs_handle *store, const struct device *device, void *argument)
{
	stop_once(device->domid, argument);
	device_ask_to_close(store, device, true);
}

static void finish_one(struct xs_handle *store, const struct device *device, void *argument)
{
	char why[DEVICE_WHY];

	(void)argument;
	if (finish(store, device, why, sizeof(why))) {
		fprintf(stderr, "%s %u of domain %u: %s\n", word_of(device), device->number,
			device->domid, why);
	}
}

static void remove_all(uint16_t domid, bool stopped)
{
	struct xs_handle *store = xenstore_open();

	if (!store) {
		return; /* then it has no devices */
	}
	device_each(store, domid, NULL, ask_one, &stopped);
	device_each(store, domid, NULL, finish_one, NULL);
	xenstore_close(store);
}

void devices_remove(uint16_t domid)
{
	remove_all(domid, false);
}

void devices_remove_old(uint16_t domid)
{
	remove_all(domid, true);
}
