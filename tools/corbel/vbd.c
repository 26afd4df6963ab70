/* SPDX-License-Identifier: MIT */
/*
 * See vbd.h: disks.  A raw file or a block device is connected by Debian's `block`; a qcow2 image
 * is first made a block device by qemu-nbd.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tools/corbel/store.h"
#include "tools/corbel/vbd.h"

#define NBD_MS     20000
#define NBD_STEPS  100 /* of 50 ms, until a server has connected */
#define NBD_COUNT  256
#define NODE_VALUE 1100

struct contents {
	const struct disk *disk;
	const char *script;
	const char *params; /* what the script is given */
	const char *nbd;    /* NULL: none */
};

static void fill_front(struct xenstore_change *change, const char *folder, const void *argument)
{
	const struct disk *disk = ((const struct contents *)argument)->disk;

	xenstore_put(change, folder, "virtual-device", "%u", disk->number);
	xenstore_put(change, folder, "device-type", "disk");
	xenstore_put(change, folder, "trusted", "%d", disk->trusted);
}

static void fill_back(struct xenstore_change *change, const char *folder, const void *argument)
{
	const struct contents *contents = argument;
	const struct disk *disk = contents->disk;

	xenstore_put(change, folder, "bootable", "1");
	xenstore_put(change, folder, "removable", "0");
	xenstore_put(change, folder, "dev", "%s", disk->vdev);
	xenstore_put(change, folder, "type", "phy");
	xenstore_put(change, folder, "mode", "%s", disk_access_name(disk->access));
	xenstore_put(change, folder, "device-type", "disk");
	xenstore_put(change, folder, "discard-enable", "%d", !disk->no_discard);
	xenstore_put(change, folder, "params", "%s", contents->params);
	xenstore_put(change, folder, "script", "%s", contents->script);
	/* For corbel: what is used, whatever the script makes of it, and what serves it. */
	xenstore_put(change, folder, "target", "%s", disk->target);
	xenstore_put(change, folder, "format", "%s", disk_format_name(disk->format));
	if (contents->nbd) {
		xenstore_put(change, folder, "nbd", "%s", contents->nbd);
	}
}

/* ---- checks ---------------------------------------------------------------------------------- */

int disk_check(struct xs_handle *store, const struct disk *disk, char *why, size_t size)
{
	char script[XENSTORE_PATH];
	struct stat status;
	uint16_t user;

	if (disk->backend[0] && strcmp(disk->backend, "0") != 0) {
		return 0; /* nobody here can look */
	}
	if (!device_script(disk->script[0] ? disk->script : "block", script, why, size)) {
		return -ENOENT;
	}
	if (disk->script[0]) {
		return 0;
	}
	if (stat(disk->target, &status)) {
		snprintf(why, size, "%s: %s", disk->target, strerror(errno));
		return -ENOENT;
	}
	if (!S_ISREG(status.st_mode) && !(S_ISBLK(status.st_mode) && disk->format == DISK_raw)) {
		snprintf(why, size, "%s is no %s", disk->target,
			 disk->format == DISK_raw ? "file and no block device" : "file");
		return -EINVAL;
	}
	if (S_ISREG(status.st_mode) && disk->access != DISK_read && !(status.st_mode & 0222)) {
		snprintf(why, size, "%s may only be read; give it with access=r", disk->target);
		return -EROFS;
	}
	if (store && disk_find_user(store, disk, &user) == 0) {
		snprintf(why, size, "%s is in use by %s%u", disk->target,
			 user ? "domain " : "the host, domain ", user);
		return -EBUSY;
	}
	return 0;
}

/* ---- qcow2 ----------------------------------------------------------------------------------- */

static bool nbd_has(unsigned number, const char *attribute)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/block/nbd%u%s", number, attribute);
	return access(path, F_OK) == 0;
}

static void nbd_disconnect(const char *node)
{
	char *words[] = {"qemu-nbd", "--disconnect", (char *)(uintptr_t)node, NULL};
	int ret = program_run(words, NBD_MS);

	if (ret) {
		fprintf(stderr, "qemu-nbd --disconnect %s failed (%d)\n", node, ret);
	}
}

static int nbd_connect(const struct disk *disk, char node[32], char *why, size_t size)
{
	char connect[48], *words[] = {
				  "qemu-nbd",
				  connect,
				  "--format=qcow2",
				  "--",
				  (char *)(uintptr_t)disk->target,
				  NULL,
				  NULL,
			  };
	unsigned number = 0;
	int ret;

	while (nbd_has(number, "") && nbd_has(number, "/pid")) {
		number++;
	}
	if (!nbd_has(number, "") || number >= NBD_COUNT) {
		snprintf(why, size, "%s: no free /dev/nbd device; module nbd (nbds_max) makes them",
			 disk->target);
		return -ENODEV;
	}
	snprintf(node, 32, "/dev/nbd%u", number);
	snprintf(connect, sizeof(connect), "--connect=%s", node);
	if (disk->access == DISK_read) {
		words[3] = "--read-only";
		words[4] = "--";
		words[5] = (char *)(uintptr_t)disk->target;
	}
	ret = program_run(words, NBD_MS);
	for (int i = 0; !ret && i < NBD_STEPS && !nbd_has(number, "/pid"); i++) {
		usleep(50000);
	}
	if (ret || !nbd_has(number, "/pid")) {
		snprintf(why, size, "qemu-nbd cannot serve %s%s", disk->target,
			 ret == 127 ? ": there is no such program" : "");
		return -EIO;
	}
	return 0;
}

/* ---- attaching ------------------------------------------------------------------------------- */

/* Between the look at who uses a disk and the note that this one does nobody else may look. */
static int lock_devices(void)
{
	char path[512];
	int fd = store_prepare();

	if (fd) {
		return fd;
	}
	snprintf(path, sizeof(path), "%s/devices.lock", store_root);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX)) {
		close(fd);
		fd = -1;
	}
	return fd < 0 ? -errno : fd;
}

/* In Dom0: the folders with what they name made ready, nothing if it fails. */
static int make_here(struct xs_handle *store, const struct device *device, const struct disk *disk,
		     char *why, size_t size)
{
	char script[XENSTORE_PATH], nbd[32];
	struct contents contents = {disk, script, disk->target, NULL};
	const struct device_contents all = {device, fill_front, fill_back, &contents};
	int ret = disk_check(store, disk, why, size);

	if (ret || !device_script(disk->script[0] ? disk->script : "block", script, why, size)) {
		return ret ? ret : -ENOENT;
	}
	if (disk->format == DISK_qcow2 && !disk->script[0]) {
		ret = nbd_connect(disk, nbd, why, size);
		if (ret) {
			return ret;
		}
		contents.params = contents.nbd = nbd;
	}
	ret = device_make(store, &all, why, size);
	if (ret && contents.nbd) {
		nbd_disconnect(nbd);
	}
	return ret;
}

/* The script's word that all is well is not taken: a `stat` that does not know %t writes 0:0. */
static int check_connected(struct xs_handle *store, const struct device *device, char *why,
			   size_t size)
{
	char status[64] = "", number[64] = "";

	xenstore_read(store, device->back, "hotplug-status", status, sizeof(status));
	xenstore_read(store, device->back, "physical-device", number, sizeof(number));
	if (strcmp(status, "connected") != 0 || !number[0] || !strcmp(number, "0:0")) {
		snprintf(why, size, "the script has connected no device (%s, %s)",
			 status[0] ? status : "no word", number[0] ? number : "no number");
		return -EIO;
	}
	return 0;
}

static int connect_here(struct xs_handle *store, const struct device *device, char *why,
			size_t size)
{
	char script[XENSTORE_PATH];
	const struct device_call call = {.script = script, .words = {"add"}};
	int ret = xenstore_read(store, device->back, "script", script, sizeof(script));

	if (!ret) {
		ret = device_run(store, device, &call, why, size);
	}
	return ret ? ret : check_connected(store, device, why, size);
}

static int attach_here(struct xs_handle *store, const struct device *device,
		       const struct disk *disk, char *why, size_t size)
{
	char ignored[DEVICE_WHY];
	int lock = lock_devices(), ret;

	if (lock < 0) {
		snprintf(why, size, "cannot lock the devices: %s", strerror(-lock));
		return lock;
	}
	ret = make_here(store, device, disk, why, size);
	close(lock);
	if (ret) {
		return ret;
	}
	ret = device_wait(store, device, 1 << XenbusStateInitWait, device_ready_ms);
	if (ret < 0) {
		snprintf(why, size, "xen-blkback does not take it up (%s); is the module loaded?",
			 strerror(-ret));
	} else {
		ret = connect_here(store, device, why, size);
	}
	if (ret < 0) {
		device_detach(store, device, true, ignored, sizeof(ignored));
	}
	return ret < 0 ? ret : 0;
}

static struct contents contents_there(const struct disk *disk)
{
	return (struct contents){disk, disk->script[0] ? disk->script : "block", disk->target,
				 NULL};
}

/* Another domain's back end and its own tool do what attach_here() does here. */
static int attach_there(struct xs_handle *store, const struct device *device,
			const struct disk *disk, char *why, size_t size)
{
	const struct contents contents = contents_there(disk);
	const struct device_contents all = {device, fill_front, fill_back, &contents};
	char ignored[DEVICE_WHY];
	int ret = device_make(store, &all, why, size);

	if (ret) {
		return ret;
	}
	ret = device_wait(store, device, 1 << XenbusStateInitWait | 1 << XenbusStateConnected,
			  device_ready_ms);
	if (ret < 0) {
		snprintf(why, size, "domain %u does not take it up", device->backend);
	} else {
		ret = device_wait_connected(store, device, device_ready_ms, why, size);
	}
	if (ret) {
		device_detach(store, device, true, ignored, sizeof(ignored));
	}
	return ret;
}

int disk_attach(struct xs_handle *store, uint16_t domid, const struct disk *disk, char *why,
		size_t size)
{
	struct device device;
	uint16_t backend;

	if (!device_backend(disk->backend, &backend, why, size)) {
		return -ESRCH;
	}
	device_init(&device, "vbd", backend, domid, disk->number);
	return backend ? attach_there(store, &device, disk, why, size)
		       : attach_here(store, &device, disk, why, size);
}

int disk_renew(struct xs_handle *store, uint16_t backend, uint16_t domid, const struct disk *disk,
	       char *why, size_t size)
{
	const struct contents contents = contents_there(disk);
	struct device device;
	const struct device_contents all = {&device, fill_front, fill_back, &contents};

	device_init(&device, "vbd", backend, domid, disk->number);
	return device_renew(store, &all, why, size);
}

/* ---- letting go ------------------------------------------------------------------------------ */

/* `block remove` goes by what the target is now: the loop device of a file that is gone stays. */
static bool script_leaves_loop(struct xs_handle *store, const struct device *device)
{
	char script[XENSTORE_PATH], target[DISK_TARGET], *slash;
	struct stat status;

	if (xenstore_read(store, device->back, "script", script, sizeof(script)) ||
	    xenstore_read(store, device->back, "params", target, sizeof(target))) {
		return false;
	}
	slash = strrchr(script, '/');
	return !strcmp(slash ? slash + 1 : script, "block") &&
	       (stat(target, &status) || !S_ISREG(status.st_mode));
}

static void loop_release(const char *node)
{
	struct stat status;
	int fd = open(node, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &status) || !S_ISBLK(status.st_mode) ||
	    major(status.st_rdev) != LOOP_MAJOR || (ioctl(fd, LOOP_CLR_FD) && errno != ENXIO)) {
		fprintf(stderr, "%s cannot be released: %s\n", node, strerror(errno));
	}
	if (fd >= 0) {
		close(fd);
	}
}

void disk_let_go(struct xs_handle *store, const struct device *device)
{
	char node[NODE_VALUE];

	if (xenstore_read(store, device->back, "nbd", node, sizeof(node)) == 0) {
		nbd_disconnect(node);
	} else if (xenstore_read(store, device->back, "node", node, sizeof(node)) == 0 &&
		   script_leaves_loop(store, device)) {
		loop_release(node);
	}
}
