/* SPDX-License-Identifier: MIT */
/*
 * Dom0's side of xenstore, through libxenstore: the connection, changes that are made whole or not
 * at all, and the paths of a domain.  Whoever watches does so through tools/corbel/watch.h.
 *
 * A new node has its parent's permissions.  So in one change a directory is made with its own first
 * (xenstore_make), and only then filled (xenstore_put).
 */
#ifndef CORBEL_TOOL_XENSTORE_H
#define CORBEL_TOOL_XENSTORE_H
#include <stdint.h>
#include <xenstore.h>

#define XENSTORE_PATH 256

/* NULL: none runs, or it does not answer within seconds; errno says which (ETIMEDOUT). */
struct xs_handle *xenstore_open(void);
/* The same without a look whether it answers: for who can wait. */
struct xs_handle *xenstore_connect(void);
/* NULL is fine. */
void xenstore_close(struct xs_handle *store);

/* ---- paths ----------------------------------------------------------------------------------- */

/* /local/domain/N */
void xenstore_domain_path(char path[XENSTORE_PATH], uint16_t domid);
/* /vm/UUID */
void xenstore_vm_path(char path[XENSTORE_PATH], const uint8_t uuid[16]);

/* ---- changes --------------------------------------------------------------------------------- */

/* One transaction.  The first failure is kept, and what follows it does nothing. */
struct xenstore_change {
	struct xs_handle *store;
	xs_transaction_t transaction;
	int error;                 /* negative errno */
	char where[XENSTORE_PATH]; /* the path that failed */
};

/* Who may use a node, and what is made below it. */
enum xenstore_access {
	XENSTORE_DOM0,  /* Dom0 alone (n0) */
	XENSTORE_READS, /* Dom0's, the domain reads (n0 rN) */
	XENSTORE_OWNS,  /* the domain's, and Dom0's as every node (nN) */
	XENSTORE_SHOWS, /* the same, for a front end, whose back end is in Dom0 (nN r0) */
};
/* DIRECTORY/NAME, or DIRECTORY if name is NULL: an empty node; its parents are made too. */
void xenstore_make(struct xenstore_change *change, enum xenstore_access access, uint16_t domid,
		   const char *directory, const char *name);
/* DIRECTORY/NAME = value.  The directory's permissions hold for a new node. */
void xenstore_put(struct xenstore_change *change, const char *directory, const char *name,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* With all below; one that is not there is fine. */
void xenstore_remove(struct xenstore_change *change, const char *path);
/* Has `fill` make the change, again if somebody else's came between.  0, or a negative errno: then
 * nothing has changed, and where has the path that failed, or "" if it was the whole. */
int xenstore_commit(struct xs_handle *store,
		    void (*fill)(struct xenstore_change *change, const void *argument),
		    const void *argument, char where[XENSTORE_PATH]);

/* DIRECTORY/NAME into value as a string; 0, or a negative errno: -ENOENT without such a node,
 * -E2BIG for a longer one. */
int xenstore_read(struct xs_handle *store, const char *directory, const char *name, char *value,
		  size_t size);

#endif
