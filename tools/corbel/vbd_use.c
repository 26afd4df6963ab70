/* SPDX-License-Identifier: MIT */
/*
 * See vbd.h: who uses a disk already.  Two names are one thing if they are the same block device or
 * the same file; a loop device is its file.  Debian's `block` looks too, but compares the number of
 * a file's device in two notations, so that it misses files.
 */
#include <errno.h>
#include <linux/major.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tools/corbel/vbd.h"

#define BACK_ENDS "/local/domain/0/backend/vbd"

struct thing {
	dev_t device;
	ino_t inode; /* 0: the block device itself */
};

static bool thing_of_device(dev_t device, struct thing *thing)
{
	char path[64], file[DISK_TARGET];
	struct stat status;
	FILE *backing;

	thing->device = device;
	thing->inode = 0;
	if (major(device) != LOOP_MAJOR) {
		return true;
	}
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/loop/backing_file", major(device),
		 minor(device));
	backing = fopen(path, "re");
	if (backing && fgets(file, sizeof(file), backing)) {
		file[strcspn(file, "\n")] = '\0';
		if (stat(file, &status) == 0) {
			thing->device = status.st_dev;
			thing->inode = status.st_ino;
		}
	}
	if (backing) {
		fclose(backing);
	}
	return true;
}

static bool thing_of(const char *path, struct thing *thing)
{
	struct stat status;

	if (stat(path, &status)) {
		return false;
	}
	if (S_ISBLK(status.st_mode)) {
		return thing_of_device(status.st_rdev, thing);
	}
	thing->device = status.st_dev;
	thing->inode = status.st_ino;
	return S_ISREG(status.st_mode);
}

static bool is_same(const struct thing *a, const struct thing *b)
{
	return a->device == b->device && a->inode == b->inode;
}

/* A file system of Dom0's on it. */
static bool is_mounted(const struct thing *thing, bool for_writing)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[4096], options[256];
	unsigned first, second;
	struct thing other;
	bool found = false;

	while (mounts && !found && fgets(line, sizeof(line), mounts)) {
		if (sscanf(line, "%*u %*u %u:%u %*s %*s %255s", &first, &second, options) != 3 ||
		    !thing_of_device(makedev(first, second), &other)) {
			continue;
		}
		found = is_same(thing, &other) && (for_writing || strncmp(options, "ro", 2) != 0);
	}
	if (mounts) {
		fclose(mounts);
	}
	return found;
}

/* Whether the back end in this folder stands in the way. */
static bool stands_in_the_way(struct xs_handle *store, const char *folder,
			      const struct thing *thing, bool for_writing)
{
	char target[DISK_TARGET], mode[8];
	struct thing other;

	if (xenstore_read(store, folder, "target", target, sizeof(target)) &&
	    xenstore_read(store, folder, "params", target, sizeof(target))) {
		return false;
	}
	if (xenstore_read(store, folder, "mode", mode, sizeof(mode)) || !thing_of(target, &other) ||
	    !is_same(thing, &other)) {
		return false;
	}
	return for_writing || strchr(mode, 'w') != NULL;
}

static bool is_used_by(struct xs_handle *store, const char *domain, const struct thing *thing,
		       bool for_writing)
{
	char path[XENSTORE_PATH];
	unsigned count = 0;
	bool found = false;
	char **names;

	snprintf(path, sizeof(path), BACK_ENDS "/%.16s", domain);
	names = xs_directory(store, XBT_NULL, path, &count);
	for (unsigned i = 0; names && !found && i < count; i++) {
		snprintf(path, sizeof(path), BACK_ENDS "/%.16s/%.32s", domain, names[i]);
		found = stands_in_the_way(store, path, thing, for_writing);
	}
	free(names);
	return found;
}

int disk_find_user(struct xs_handle *store, const struct disk *disk, uint16_t *user)
{
	bool for_writing = disk->access == DISK_write;
	struct thing thing;
	unsigned count = 0;
	int ret = -ESRCH;
	char **domains;

	if (disk->access == DISK_shared || disk->script[0] || !thing_of(disk->target, &thing)) {
		return -ESRCH;
	}
	if (is_mounted(&thing, for_writing)) {
		*user = 0;
		return 0;
	}
	domains = xs_directory(store, XBT_NULL, BACK_ENDS, &count);
	for (unsigned i = 0; domains && ret && i < count; i++) {
		if (is_used_by(store, domains[i], &thing, for_writing)) {
			*user = (uint16_t)strtoul(domains[i], NULL, 10);
			ret = 0;
		}
	}
	free(domains);
	return ret;
}
