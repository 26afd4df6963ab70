/* SPDX-License-Identifier: MIT */
/*
 * What gone domains leave behind in Dom0's RAM: notes, log markers and logs.
 * Only the drainer sweeps.  A note goes when the hypervisor says that there is
 * no such domain (not listed is not enough: a policy may hide it) and no creator
 * holds the lock.  Under a policy that hides domains the note is all that Dom0
 * has of one: its name, and whose console it serves.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/corbel/consoled.h"
#include "tools/corbel/store.h"

#define PENDING_AGE  120 /* seconds: the builder gives a dead creator's domain up long before */
#define GONE_AT_ONCE 256 /* logs looked at in one sweep */

struct gone {
	unsigned domid;
	struct timespec written;
};

/* Nothing is removed because the policy hides it, or on an error's account. */
static bool may_exist(unsigned domid)
{
	return domid < DOMID_FIRST_RESERVED && domain_may_exist((uint16_t)domid);
}

static bool uuid_may_exist(const uint8_t uuid[16])
{
	struct xen_domctl_getdomaininfo info;
	uint32_t next = 0;
	int ret = -ESRCH;

	while (next < DOMID_FIRST_RESERVED &&
	       (ret = host_domain_info((uint16_t)next, &info)) == 0) {
		if (!memcmp(info.handle, uuid, 16)) {
			return true;
		}
		next = info.domain + 1u;
	}
	/* Of a hidden domain nobody in Dom0 knows the UUID. */
	return (ret != 0 && ret != -ESRCH) || domains_are_hidden() != 0;
}

/* Reads PREFIX N SUFFIX; the whole name must match. */
static bool numbered(const char *name, const char *prefix, const char *suffix, unsigned *number)
{
	size_t skip = strlen(prefix);
	unsigned long value;
	char *end;

	if (strncmp(name, prefix, skip) || name[skip] < '0' || name[skip] > '9') {
		return false;
	}
	value = strtoul(name + skip, &end, 10);
	*number = (unsigned)value;
	return value < 65536 && !strcmp(end, suffix);
}

static bool note_is_stale(const char *name)
{
	const size_t prefix = strlen("pending-");
	struct stat status;
	uint8_t uuid[16];
	char path[512];
	unsigned domid;

	if (numbered(name, "", "", &domid)) {
		return !may_exist(domid);
	}
	if (strncmp(name, "pending-", prefix) || !uuid_parse(name + prefix, uuid)) {
		return false;
	}
	snprintf(path, sizeof(path), "%s/domains/%.64s", store_root, name);
	return !stat(path, &status) && time(NULL) - status.st_mtime > PENDING_AGE &&
	       !uuid_may_exist(uuid);
}

static void sweep_notes(void)
{
	struct dirent *entry;
	char path[256];
	int lock = -1;
	DIR *directory;

	snprintf(path, sizeof(path), "%s/domains", store_root);
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		if (!note_is_stale(entry->d_name)) {
			continue;
		}
		if (lock < 0) {
			lock = store_lock(false);
		}
		if (lock < 0) {
			break; /* a create is under way: next time */
		}
		if (note_is_stale(entry->d_name)) { /* as before the lock was ours */
			store_remove_note(entry->d_name);
		}
	}
	if (directory) {
		closedir(directory);
	}
	if (lock >= 0) {
		close(lock);
	}
}

/* The notes that say whose log it is; a drainer that was killed may leave some. */
static void sweep_markers(void)
{
	DIR *directory = opendir(store_root);
	struct dirent *entry;
	unsigned domid;

	while (directory && (entry = readdir(directory))) {
		if (numbered(entry->d_name, "console-", "", &domid) && !may_exist(domid)) {
			unlinkat(dirfd(directory), entry->d_name, 0);
		}
	}
	if (directory) {
		closedir(directory);
	}
}

static int newest_first(const void *left, const void *right)
{
	const struct gone *a = left, *b = right;

	if (a->written.tv_sec != b->written.tv_sec) {
		return a->written.tv_sec < b->written.tv_sec ? 1 : -1;
	}
	if (a->written.tv_nsec != b->written.tv_nsec) {
		return a->written.tv_nsec < b->written.tv_nsec ? 1 : -1;
	}
	return (int)b->domid - (int)a->domid;
}

static void sweep_logs(void)
{
	static struct gone gone[GONE_AT_ONCE];
	DIR *directory = opendir(console_log_root);
	struct dirent *entry;
	struct stat status;
	size_t count = 0;
	char name[64];
	unsigned domid;

	while (directory && count < GONE_AT_ONCE && (entry = readdir(directory))) {
		if (numbered(entry->d_name, "console-", ".log", &domid) && !may_exist(domid) &&
		    !fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW)) {
			gone[count++] = (struct gone){domid, status.st_mtim};
		}
	}
	qsort(gone, count, sizeof(gone[0]), newest_first);
	for (size_t i = SWEEP_LOGS_KEPT; i < count; i++) {
		snprintf(name, sizeof(name), "console-%u.log", gone[i].domid);
		unlinkat(dirfd(directory), name, 0);
		strcat(name, ".1");
		unlinkat(dirfd(directory), name, 0);
	}
	if (directory) {
		closedir(directory);
	}
}

void sweep(void)
{
	sweep_notes();
	sweep_markers();
	sweep_logs();
}
