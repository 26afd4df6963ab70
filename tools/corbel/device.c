/* SPDX-License-Identifier: MIT */
/*
 * See device.h: folders and states.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/corbel/device.h"
#include "tools/corbel/watch.h"

#define LOOK_MS 500 /* also without a word from xenstored */

void device_init(struct device *device, const char *kind, uint16_t backend, uint16_t domid,
		 uint32_t number)
{
	device->kind = kind;
	device->backend = backend;
	device->domid = domid;
	device->number = number;
	snprintf(device->front, sizeof(device->front), "/local/domain/%u/device/%s/%u", domid, kind,
		 number);
	snprintf(device->back, sizeof(device->back), "/local/domain/%u/backend/%s/%u/%u", backend,
		 kind, domid, number);
}

/* ---- making ---------------------------------------------------------------------------------- */

/* Permissions first: what is written into a folder takes the folder's. */
static void make_folder(struct xenstore_change *change, const char *path, uint16_t owner,
			uint16_t reader)
{
	struct xs_permissions permissions[] = {{.id = owner},
					       {.id = reader, .perms = XS_PERM_READ}};

	xenstore_remove(change, path);
	xenstore_put(change, path, NULL, "%s", "");
	if (!change->error &&
	    !xs_set_permissions(change->store, change->transaction, path, permissions, 2)) {
		change->error = -errno;
		snprintf(change->where, sizeof(change->where), "%s", path);
	}
}

void device_fill_back(struct xenstore_change *change, const struct device_contents *contents)
{
	const struct device *device = contents->device;

	make_folder(change, device->back, device->backend, device->domid);
	xenstore_put(change, device->back, "frontend", "%s", device->front);
	xenstore_put(change, device->back, "frontend-id", "%u", device->domid);
	xenstore_put(change, device->back, "online", "1");
	contents->back(change, device->back, contents->argument);
}

static void fill_folders(struct xenstore_change *change, const void *argument)
{
	const struct device_contents *contents = argument;
	const struct device *device = contents->device;

	make_folder(change, device->front, device->domid, device->backend);
	xenstore_put(change, device->front, "backend", "%s", device->back);
	xenstore_put(change, device->front, "backend-id", "%u", device->backend);
	contents->front(change, device->front, contents->argument);
	device_fill_back(change, contents);
	/* netback takes a front end that it finds without a state for closed. */
	xenstore_put(change, device->front, "state", "%d", XenbusStateInitialising);
	xenstore_put(change, device->back, "state", "%d", XenbusStateInitialising);
}

bool device_exists(struct xs_handle *store, const struct device *device)
{
	char text[XENSTORE_PATH];

	return xenstore_read(store, device->back, "state", text, sizeof(text)) == 0;
}

int device_make(struct xs_handle *store, const struct device_contents *contents, char *why,
		size_t size)
{
	char where[XENSTORE_PATH];
	int ret;

	if (device_exists(store, contents->device)) {
		snprintf(why, size, "the domain has it already");
		return -EEXIST;
	}
	ret = xenstore_commit(store, fill_folders, contents, where);
	if (ret) {
		snprintf(why, size, "cannot write %s in xenstore: %s",
			 where[0] ? where : contents->device->back, strerror(-ret));
	}
	return ret;
}

/* ---- deleting -------------------------------------------------------------------------------- */

static bool is_empty(const struct xenstore_change *change, const char *path)
{
	unsigned count = 0;
	char **names = xs_directory(change->store, change->transaction, path, &count);

	free(names);
	return names && !count;
}

/* A folder, and those above it that have nothing else in them, as far as the one named. */
static void remove_up_to(struct xenstore_change *change, const char *folder, const char *last)
{
	char path[XENSTORE_PATH], *slash;

	snprintf(path, sizeof(path), "%s", folder);
	xenstore_remove(change, path);
	while ((slash = strrchr(path, '/')) != NULL) {
		*slash = '\0';
		if (!strcmp(path, last) || !is_empty(change, path)) {
			return;
		}
		xenstore_remove(change, path);
	}
}

static void remove_folders(struct xenstore_change *change, const void *argument)
{
	const struct device *device = argument;
	char last[XENSTORE_PATH];

	snprintf(last, sizeof(last), "/local/domain/%u/device", device->domid);
	remove_up_to(change, device->front, last);
	snprintf(last, sizeof(last), "/local/domain/%u/backend", device->backend);
	remove_up_to(change, device->back, last);
}

void device_delete(struct xs_handle *store, const struct device *device)
{
	char where[XENSTORE_PATH];
	int ret = xenstore_commit(store, remove_folders, device, where);

	if (ret) {
		fprintf(stderr, "cannot remove %s from xenstore: %s\n",
			where[0] ? where : device->back, strerror(-ret));
	}
}

/* ---- states ---------------------------------------------------------------------------------- */

enum xenbus_state device_state(struct xs_handle *store, const char *folder)
{
	char text[XENSTORE_PATH], *end;
	unsigned long state;

	if (xenstore_read(store, folder, "state", text, sizeof(text))) {
		return XenbusStateUnknown;
	}
	state = strtoul(text, &end, 10);
	return *end || state > XenbusStateReconfigured ? XenbusStateUnknown
						       : (enum xenbus_state)state;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* Until something in the folder changes, at most so long; without a watch a short while. */
static void wait_for_change(struct watch *watch, long long left_ms)
{
	struct pollfd poller = {.fd = watch->events, .events = POLLIN};

	if (left_ms > LOOK_MS) {
		left_ms = LOOK_MS;
	}
	poll(&poller, watch->events >= 0 ? 1 : 0, left_ms > 0 ? (int)left_ms : 0);
	watch_take(watch);
}

static int wait_with(struct xs_handle *store, struct watch *watch, const struct device *device,
		     unsigned mask, long long until)
{
	for (;;) {
		enum xenbus_state state = device_state(store, device->back);
		long long left = until - now_ms();

		if (state == XenbusStateUnknown && !device_exists(store, device)) {
			return -ENOENT;
		}
		if (mask >> state & 1) {
			return (int)state;
		}
		if (left <= 0) {
			return -ETIMEDOUT;
		}
		wait_for_change(watch, left);
	}
}

int device_wait(struct xs_handle *store, const struct device *device, unsigned mask,
		unsigned timeout_ms)
{
	long long until = now_ms() + timeout_ms;
	char path[XENSTORE_PATH + 8];
	struct watch watch = {.events = -1};
	enum xenbus_state state = device_state(store, device->back);
	int ret;

	if (mask >> state & 1) {
		return (int)state;
	}
	/* A handle that watches takes no requests: an event before an answer ends it. */
	snprintf(path, sizeof(path), "%s/state", device->back);
	watch_start(&watch, path);
	ret = wait_with(store, &watch, device, mask, until);
	watch_stop(&watch);
	return ret;
}

static void fill_closing(struct xenstore_change *change, const void *argument)
{
	const struct device *device = argument;

	xenstore_put(change, device->back, "online", "0");
	xenstore_put(change, device->back, "state", "%d", XenbusStateClosing);
}

static void fill_gone(struct xenstore_change *change, const void *argument)
{
	const struct device *device = argument;

	fill_closing(change, argument);
	/* A back end takes a front end without a folder for closed. */
	xenstore_remove(change, device->front);
}

int device_ask_to_close(struct xs_handle *store, const struct device *device, bool gone)
{
	char where[XENSTORE_PATH];

	if (!device_exists(store, device)) {
		return -ENOENT;
	}
	/* One that is closed stays closed. */
	if (!gone && device_state(store, device->back) == XenbusStateClosed) {
		return 0;
	}
	return xenstore_commit(store, gone ? fill_gone : fill_closing, device, where);
}

/* ---- all of a domain ------------------------------------------------------------------------- */

struct walk {
	uint16_t domid;
	const char *kind;
	void (*each)(struct xs_handle *store, const struct device *device, void *argument);
	void *argument;
};

static bool read_number(const char *text, uint32_t limit, uint32_t *number)
{
	unsigned long value;
	char *end;

	value = strtoul(text, &end, 10);
	*number = (uint32_t)value;
	return text[0] >= '0' && text[0] <= '9' && !*end && value < limit;
}

static void walk_devices(struct xs_handle *store, const struct walk *walk, uint16_t backend,
			 const char *kind)
{
	char path[XENSTORE_PATH];
	struct device device;
	unsigned count = 0;
	uint32_t number;
	char **names;

	snprintf(path, sizeof(path), "/local/domain/%u/backend/%s/%u", backend, kind, walk->domid);
	names = xs_directory(store, XBT_NULL, path, &count);
	for (unsigned i = 0; names && i < count; i++) {
		if (read_number(names[i], UINT32_MAX, &number)) {
			device_init(&device, kind, backend, walk->domid, number);
			walk->each(store, &device, walk->argument);
		}
	}
	free(names);
}

void device_each(struct xs_handle *store, uint16_t domid, const char *kind,
		 void (*each)(struct xs_handle *store, const struct device *device, void *argument),
		 void *argument)
{
	static const char *const kinds[] = {"vbd", "vif"};
	const struct walk walk = {domid, kind, each, argument};
	unsigned count = 0;
	char **domains = xs_directory(store, XBT_NULL, "/local/domain", &count);
	uint32_t backend;

	for (unsigned i = 0; domains && i < count; i++) {
		if (!read_number(domains[i], DOMID_FIRST_RESERVED, &backend)) {
			continue;
		}
		for (size_t j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++) {
			if (!kind || !strcmp(kind, kinds[j])) {
				walk_devices(store, &walk, (uint16_t)backend, kinds[j]);
			}
		}
	}
	free(domains);
}
