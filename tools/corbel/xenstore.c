/* SPDX-License-Identifier: MIT */
/*
 * See xenstore.h.  libxenstore waits for answers without end, so before anything hangs on it a
 * child asks for one with an alarm set.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xenstore_lib.h>

#include "tools/corbel/guest.h"
#include "tools/corbel/xenstore.h"

#define PATIENCE_S 10
#define TRIES      64 /* of a transaction */

struct xs_handle *xenstore_connect(void)
{
	/* The socket alone: the kernel's device, which the library would try next, waits for ever
	 * for a xenstored that is not there.  It looks for either where this says. */
	setenv("XENSTORED_PATH", xs_daemon_socket(), 0);
	return xs_open(0);
}

static void ask_once(void)
{
	struct xs_handle *store;
	unsigned size;

	alarm(PATIENCE_S);
	store = xenstore_connect();
	_exit(store && xs_read(store, XBT_NULL, "/", &size) ? 0 : 1);
}

struct xs_handle *xenstore_open(void)
{
	struct xs_handle *store = xenstore_connect();
	int status = 0;
	pid_t child;

	if (!store) {
		return NULL;
	}
	child = fork();
	if (child == 0) {
		ask_once();
	}
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	if (child > 0 && status == 0) {
		return store;
	}
	xs_close(store);
	errno = child > 0 && WIFSIGNALED(status) ? ETIMEDOUT : EIO;
	return NULL;
}

void xenstore_close(struct xs_handle *store)
{
	xs_close(store);
}

/* ---- paths ----------------------------------------------------------------------------------- */

void xenstore_domain_path(char path[XENSTORE_PATH], uint16_t domid)
{
	snprintf(path, XENSTORE_PATH, "/local/domain/%u", domid);
}

void xenstore_vm_path(char path[XENSTORE_PATH], const uint8_t uuid[16])
{
	char text[37];

	uuid_format(uuid, text);
	snprintf(path, XENSTORE_PATH, "/vm/%s", text);
}

static bool join(char path[XENSTORE_PATH], const char *directory, const char *name)
{
	int size = snprintf(path, XENSTORE_PATH, "%s%s%s", directory, name ? "/" : "",
			    name ? name : "");

	return size > 0 && size < XENSTORE_PATH;
}

/* ---- changes --------------------------------------------------------------------------------- */

static void fail(struct xenstore_change *change, const char *path, int error)
{
	change->error = -error;
	snprintf(change->where, sizeof(change->where), "%s", path);
}

void xenstore_make(struct xenstore_change *change, enum xenstore_access access, uint16_t domid,
		   const char *directory, const char *name)
{
	struct xs_permissions permissions[2] = {{.id = 0}, {.id = 0, .perms = XS_PERM_READ}};
	unsigned count = access == XENSTORE_READS || access == XENSTORE_SHOWS ? 2 : 1;
	char path[XENSTORE_PATH];

	if (change->error) {
		return;
	}
	if (access == XENSTORE_OWNS || access == XENSTORE_SHOWS) {
		permissions[0].id = domid;
	} else if (access == XENSTORE_READS) {
		permissions[1].id = domid;
	}
	if (!join(path, directory, name)) {
		fail(change, path, ENAMETOOLONG);
	} else if (!xs_write(change->store, change->transaction, path, "", 0) ||
		   !xs_set_permissions(change->store, change->transaction, path, permissions,
				       count)) {
		fail(change, path, errno);
	}
}

void xenstore_put(struct xenstore_change *change, const char *directory, const char *name,
		  const char *format, ...)
{
	char path[XENSTORE_PATH], *value;
	va_list args;
	int size;

	if (change->error) {
		return;
	}
	va_start(args, format);
	size = vasprintf(&value, format, args);
	va_end(args);
	if (size < 0) {
		fail(change, directory, ENOMEM);
		return;
	}
	if (!join(path, directory, name)) {
		fail(change, path, ENAMETOOLONG);
	} else if (!xs_write(change->store, change->transaction, path, value, (unsigned)size)) {
		fail(change, path, errno);
	}
	free(value);
}

void xenstore_remove(struct xenstore_change *change, const char *path)
{
	if (!change->error && !xs_rm(change->store, change->transaction, path) && errno != ENOENT) {
		fail(change, path, errno);
	}
}

int xenstore_commit(struct xs_handle *store,
		    void (*fill)(struct xenstore_change *change, const void *argument),
		    const void *argument, char where[XENSTORE_PATH])
{
	where[0] = '\0';
	for (int i = 0; i < TRIES; i++) {
		struct xenstore_change change = {.store = store};

		change.transaction = xs_transaction_start(store);
		if (change.transaction == XBT_NULL) {
			return -errno;
		}
		fill(&change, argument);
		if (change.error) {
			snprintf(where, XENSTORE_PATH, "%s", change.where);
			xs_transaction_end(store, change.transaction, true);
			return change.error;
		}
		if (xs_transaction_end(store, change.transaction, false)) {
			return 0;
		}
		if (errno != EAGAIN) {
			return -errno;
		}
	}
	return -EAGAIN;
}

int xenstore_read(struct xs_handle *store, const char *directory, const char *name, char *value,
		  size_t size)
{
	char path[XENSTORE_PATH], *found;
	unsigned length;

	if (!join(path, directory, name)) {
		return -ENAMETOOLONG;
	}
	found = xs_read(store, XBT_NULL, path, &length);
	if (!found) {
		return -errno;
	}
	if (length >= size) {
		free(found);
		return -E2BIG;
	}
	memcpy(value, found, length + 1);
	free(found);
	return 0;
}
