/* SPDX-License-Identifier: MIT */
/*
 * See cli_xenstore.h.  A new node takes its parent's permissions, as xenstored's do.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xenstore.h>
#include <xenstore_lib.h>

#include "cli/cli_xenstore.h"

struct fake_store fake_store = {.watch_pipe = {-1, -1}};
static int handle; /* its address is what callers hold */

void fake_store_reset(void)
{
	memset(&fake_store, 0, sizeof(fake_store));
	fake_store.watch_pipe[0] = fake_store.watch_pipe[1] = -1;
}

static struct fake_tree *tree_of(xs_transaction_t transaction)
{
	return transaction ? &fake_store.edited : &fake_store.tree;
}

static struct fake_node *find(struct fake_tree *tree, const char *path)
{
	for (unsigned i = 0; i < tree->count; i++) {
		if (!strcmp(tree->nodes[i].path, path)) {
			return &tree->nodes[i];
		}
	}
	return NULL;
}

static struct fake_node *make(struct fake_tree *tree, const char *path)
{
	struct fake_node *node = find(tree, path);
	const char *access = "n0";
	char parent[128];

	if (node) {
		return node;
	}
	snprintf(parent, sizeof(parent), "%s", path);
	*strrchr(parent, '/') = '\0';
	if (parent[0]) {
		access = make(tree, parent)->access;
	}
	if (tree->count == FAKE_NODES) {
		abort();
	}
	node = &tree->nodes[tree->count++];
	memset(node, 0, sizeof(*node));
	snprintf(node->path, sizeof(node->path), "%s", path);
	snprintf(node->access, sizeof(node->access), "%s", access);
	return node;
}

static bool is_below(const char *path, const char *top)
{
	size_t size = strlen(top);

	return !strncmp(path, top, size) && (!path[size] || path[size] == '/');
}

void fake_store_write(const char *path, const char *value)
{
	struct fake_node *node = make(&fake_store.tree, path);

	snprintf(node->value, sizeof(node->value), "%s", value);
}

const struct fake_node *fake_store_node(const char *path)
{
	return find(&fake_store.tree, path);
}

void fake_store_print(const char *path, char *text, unsigned size)
{
	unsigned used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < fake_store.tree.count; i++) {
		const struct fake_node *node = &fake_store.tree.nodes[i];

		if (is_below(node->path, path)) {
			used += (unsigned)snprintf(text + used, size - used, "%s = %s (%s)\n",
						   node->path, node->value, node->access);
		}
	}
}

/* ---- libxenstore ------------------------------------------------------------------------ */

static bool fail(int error)
{
	errno = error;
	return false;
}

const char *xs_daemon_socket(void)
{
	return "/nowhere/socket";
}

struct xs_handle *xs_open(unsigned long flags)
{
	(void)flags;
	if (!fake_store.runs) {
		errno = ECONNREFUSED;
		return NULL;
	}
	return (struct xs_handle *)&handle;
}

void xs_close(struct xs_handle *store)
{
	(void)store;
}

void *xs_read(struct xs_handle *store, xs_transaction_t transaction, const char *path,
	      unsigned *length)
{
	struct fake_node *node = find(tree_of(transaction), path);

	(void)store;
	if (fake_store.hangs) {
		pause();
	}
	if (!strcmp(path, "/")) {
		*length = 0;
		return calloc(1, 1);
	}
	if (!node || !fake_store.runs) {
		errno = fake_store.runs ? ENOENT : EPIPE;
		return NULL;
	}
	*length = (unsigned)strlen(node->value);
	return strdup(node->value);
}

bool xs_write(struct xs_handle *store, xs_transaction_t transaction, const char *path,
	      const void *data, unsigned length)
{
	struct fake_node *node;

	(void)store;
	if (fake_store.full && !strcmp(path, fake_store.full)) {
		return fail(ENOSPC);
	}
	node = make(tree_of(transaction), path);
	snprintf(node->value, sizeof(node->value), "%.*s", (int)length, (const char *)data);
	return true;
}

static char **no_directory(void)
{
	errno = ENOENT;
	return NULL;
}

/* One block of memory, as the library gives. */
char **xs_directory(struct xs_handle *store, xs_transaction_t transaction, const char *path,
		    unsigned *count)
{
	struct fake_tree *tree = tree_of(transaction);
	size_t length = strlen(path);
	char **names = calloc(FAKE_NODES, sizeof(*names) + sizeof(tree->nodes[0].path)), *text;

	(void)store;
	*count = 0;
	if (!find(tree, path)) {
		free(names);
		return no_directory();
	}
	text = (char *)(names + FAKE_NODES);
	for (unsigned i = 0; i < tree->count; i++) {
		const char *node = tree->nodes[i].path;

		if (is_below(node, path) && node[length] && !strchr(node + length + 1, '/')) {
			names[*count] = text;
			text += sprintf(text, "%s", node + length + 1) + 1;
			++*count;
		}
	}
	return names;
}

bool xs_rm(struct xs_handle *store, xs_transaction_t transaction, const char *path)
{
	struct fake_tree *tree = tree_of(transaction);
	unsigned kept = 0;

	(void)store;
	if (!find(tree, path)) {
		return fail(ENOENT);
	}
	for (unsigned i = 0; i < tree->count; i++) {
		if (!is_below(tree->nodes[i].path, path)) {
			tree->nodes[kept++] = tree->nodes[i];
		}
	}
	tree->count = kept;
	return true;
}

bool xs_set_permissions(struct xs_handle *store, xs_transaction_t transaction, const char *path,
			struct xs_permissions *permissions, unsigned count)
{
	static const char letters[] = "nrwb";
	struct fake_node *node = find(tree_of(transaction), path);
	size_t used = 0;

	(void)store;
	if (!node) {
		return fail(ENOENT);
	}
	for (unsigned i = 0; i < count; i++) {
		used += (size_t)snprintf(node->access + used, sizeof(node->access) - used, "%s%c%u",
					 i ? "," : "", letters[permissions[i].perms & 3],
					 permissions[i].id);
	}
	return true;
}

xs_transaction_t xs_transaction_start(struct xs_handle *store)
{
	(void)store;
	if (fake_store.open) {
		abort(); /* one was not ended */
	}
	fake_store.open = true;
	fake_store.edited = fake_store.tree;
	return 7;
}

bool xs_transaction_end(struct xs_handle *store, xs_transaction_t transaction, bool abandon)
{
	(void)store;
	(void)transaction;
	fake_store.open = false;
	if (!abandon && fake_store.busy) {
		fake_store.busy--;
		return fail(EAGAIN);
	}
	if (!abandon) {
		fake_store.tree = fake_store.edited;
		if (fake_store.committed) {
			fake_store.committed();
		}
	}
	return true;
}

bool xs_introduce_domain(struct xs_handle *store, unsigned domid, unsigned long gfn, unsigned port)
{
	(void)store;
	if (fake_store.introduce_error) {
		return fail(fake_store.introduce_error);
	}
	fake_store.introduced = (uint16_t)domid;
	fake_store.gfn = gfn;
	fake_store.port = port;
	return true;
}

bool xs_release_domain(struct xs_handle *store, unsigned domid)
{
	(void)store;
	if (fake_store.introduced != domid) {
		return fail(ENOENT);
	}
	fake_store.introduced = 0;
	fake_store.released = (uint16_t)domid;
	return true;
}

bool xs_watch(struct xs_handle *store, const char *path, const char *token)
{
	(void)store;
	(void)path;
	(void)token;
	return true;
}

char **xs_read_watch(struct xs_handle *store, unsigned *count)
{
	char byte;

	(void)store;
	*count = 2;
	return read(fake_store.watch_pipe[0], &byte, 1) == 1 ? calloc(2, sizeof(char *)) : NULL;
}
