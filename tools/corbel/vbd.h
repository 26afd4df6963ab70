/* SPDX-License-Identifier: MIT */
/*
 * Disks and network interfaces of running domains, over device.h: attached with all that the back
 * end needs in Dom0, detached with all of it taken back.
 */
#ifndef CORBEL_TOOL_VBD_H
#define CORBEL_TOOL_VBD_H
#include "tools/corbel/device.h"
#include "tools/corbel/guest_devices.h"

/* Until a back end's driver has taken up a new device, and until it has let go of one; tests have
 * less time. */
extern unsigned device_ready_ms, device_let_go_ms;

/* Number of the domain that serves a device; "" is Dom0.  False: there is none, and why says so. */
bool device_backend(const char *name, uint16_t *backend, char *why, size_t size);

/* What can be said before a domain is there: file, script, bridge; and with a store, whether
 * somebody else uses the disk.  0, or a negative errno and why. */
int disk_check(struct xs_handle *store, const struct disk *disk, char *why, size_t size);
int vif_check(const struct vif *vif, char *why, size_t size);

/* 0, or a negative errno and why: then nothing is left of it.  The interface has its number and its
 * MAC address. */
int disk_attach(struct xs_handle *store, uint16_t domid, const struct disk *disk, char *why,
		size_t size);
int vif_attach(struct xs_handle *store, uint16_t domid, const struct vif *vif, char *why,
	       size_t size);

/* The same device, served on by another domain of the back end's number (device_renew()). */
int disk_renew(struct xs_handle *store, uint16_t backend, uint16_t domid, const struct disk *disk,
	       char *why, size_t size);
int vif_renew(struct xs_handle *store, uint16_t backend, uint16_t domid, const struct vif *vif,
	      char *why, size_t size);
/* All of a configuration.  Prepared: numbers and addresses are given, and disk_check() and
 * vif_check() say nothing; without a store, -ENOTCONN and why as it was.  Attached: what was before
 * one that fails stays until devices_remove().  why has file and line, too. */
int devices_prepare(struct xs_handle *store, struct guest_devices *devices, char *why, size_t size);
int devices_attach(struct xs_handle *store, uint16_t domid, const struct guest_devices *devices,
		   char *why, size_t size);

/* Which domain uses what this disk would be, in a way that it does not bear with; what is mounted
 * in Dom0 counts as Dom0's.  -ESRCH: none. */
int disk_find_user(struct xs_handle *store, const struct disk *disk, uint16_t *user);

/* ---- taking back --------------------------------------------------------------------------- */

/* gone: the domain runs no more, so nobody is asked.  Otherwise it is asked, and after a time the
 * device is taken away all the same, which is said on stderr.  0, or a negative errno and why. */
int device_detach(struct xs_handle *store, const struct device *device, bool gone, char *why,
		  size_t size);
/* All devices of a domain that is to end; it is paused first if it has any.  What goes wrong is
 * said on stderr. */
void devices_remove(uint16_t domid);
/* What is left of an earlier domain of that number. */
void devices_remove_old(uint16_t domid);
/* What a back end of a disk holds beside its script's: the server of a qcow2 image, the loop device
 * of a file that is gone. */
void disk_let_go(struct xs_handle *store, const struct device *device);

#endif
