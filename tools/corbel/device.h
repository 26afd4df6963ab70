/* SPDX-License-Identifier: MIT */
/*
 * A device between two domains: its two folders in xenstore, front end's and back end's, their
 * states, and the script that connects the back end with something of its own domain.  What kind of
 * device it is only vbd.c and vif.c know.
 *
 * The front end's folder is the tenant's to write, so nothing that is read there decides what
 * happens to anything outside it: back ends are found in the back end's folders alone.
 */
#ifndef CORBEL_TOOL_DEVICE_H
#define CORBEL_TOOL_DEVICE_H
#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/io/xenbus.h>

#include "tools/corbel/xenstore.h"

#define DEVICE_WHY 400

struct device {
	const char *kind; /* "vbd" or "vif" */
	uint16_t domid, backend;
	uint32_t number;
	char front[XENSTORE_PATH], back[XENSTORE_PATH];
};

/* Fills the paths. */
void device_init(struct device *device, const char *kind, uint16_t backend, uint16_t domid,
		 uint32_t number);

/* ---- the two folders ------------------------------------------------------------------------- */

/* What a kind of device writes into its folders, over what all have: in backwards order of their
 * reading, both in one change. */
struct device_contents {
	const struct device *device;
	void (*front)(struct xenstore_change *change, const char *folder, const void *argument);
	void (*back)(struct xenstore_change *change, const char *folder, const void *argument);
	const void *argument;
};
/* 0, or a negative errno and why; -EEXIST: there is one already. */
int device_make(struct xs_handle *store, const struct device_contents *contents, char *why,
		size_t size);
/* The back end's folder alone, but for its state. */
void device_fill_back(struct xenstore_change *change, const struct device_contents *contents);
/* Both, and what they leave empty. */
void device_delete(struct xs_handle *store, const struct device *device);
bool device_exists(struct xs_handle *store, const struct device *device);

/* A state, or XenbusStateUnknown if there is none. */
enum xenbus_state device_state(struct xs_handle *store, const char *folder);
/* Waits until the back end's state is one of mask (1 << state), at most so long.  Returns the
 * state, -ETIMEDOUT, or -ENOENT if the folder has gone. */
int device_wait(struct xs_handle *store, const struct device *device, unsigned mask,
		unsigned timeout_ms);
/* Asks both ends to let go; with gone the front end is taken for dead. */
int device_ask_to_close(struct xs_handle *store, const struct device *device, bool gone);

/* ---- back ends in another domain (device_remote.c) ------------------------------------------- */

/* Its devd runs the script there, and says how it went: 0, or a negative errno and why. */
int device_wait_connected(struct xs_handle *store, const struct device *device, unsigned timeout_ms,
			  char *why, size_t size);
/* Another domain of the number that served the device is to go on with it: the back end's folder is
 * made anew (xenstored has removed what its domain owned), and the front end's, which stays as it
 * is, may be read by that number again.  0, or a negative errno and why. */
int device_renew(struct xs_handle *store, const struct device_contents *contents, char *why,
		 size_t size);
/* Of a back end that is closed: until its devd has taken it back, or its domain is gone; false: it
 * has not in so long. */
bool device_wait_removed(struct xs_handle *store, const struct device *device, unsigned timeout_ms);

/* ---- all devices of a domain --------------------------------------------------------------- */

/* Calls each() for every back end in Dom0 or elsewhere that serves the domain; kind NULL: any. */
void device_each(struct xs_handle *store, uint16_t domid, const char *kind,
		 void (*each)(struct xs_handle *store, const struct device *device, void *argument),
		 void *argument);

/* ---- scripts ------------------------------------------------------------------------------- */

/* Where a script of that name is: below /etc/xen/scripts unless it begins with a slash.  False:
 * there is none that can be run, and why names it. */
bool device_script(const char *name, char path[XENSTORE_PATH], char *why, size_t size);

struct device_call {
	const char *script;
	const char *words[3];   /* arguments */
	const char *vif;        /* environment, NULL = none */
	const char *gatewaydev; /* the same */
};
/* Runs a script of the back end.  0, or a negative errno and why; -ETIMEDOUT: it was killed. */
int device_run(struct xs_handle *store, const struct device *device, const struct device_call *call,
	       char *why, size_t size);

/* Runs a program and waits for it, at most so long: its exit status, or a negative errno;
 * -ETIMEDOUT: it was killed, and what it has started. */
int program_run(char *const words[], unsigned timeout_ms);

#endif
