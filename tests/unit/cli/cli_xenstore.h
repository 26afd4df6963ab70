/* SPDX-License-Identifier: MIT */
/*
 * A xenstored in memory behind the calls of libxenstore, for the CLI's unit tests.  Until
 * fake_store.runs it cannot be reached, as on a host without one.
 */
#ifndef CLI_CLI_XENSTORE_H
#define CLI_CLI_XENSTORE_H
#include <stdbool.h>
#include <stdint.h>

#define FAKE_NODES 128

struct fake_node {
	char path[128], value[128];
	char access[32]; /* as xenstore-ls -p shows it: "n0,r2" */
};

struct fake_tree {
	struct fake_node nodes[FAKE_NODES];
	unsigned count;
};

struct fake_store {
	bool runs, hangs;
	struct fake_tree tree, edited; /* edited: by the open transaction */
	bool open;
	void (*committed)(void); /* after each transaction, as a back end would see it */
	unsigned busy;           /* so many commits answer EAGAIN */
	const char *full;        /* a write to this path fails with ENOSPC */
	int introduce_error;     /* errno */
	uint16_t introduced;     /* the last one, 0 = none or released */
	uint16_t released;
	unsigned long gfn;
	unsigned port;
	int watch_pipe[2]; /* xs_read_watch() returns for each byte, NULL at its end */
};
extern struct fake_store fake_store;

void fake_store_reset(void);
/* As if somebody had written it: with the permissions of the parent. */
void fake_store_write(const char *path, const char *value);
/* NULL if there is no such node. */
const struct fake_node *fake_store_node(const char *path);
/* PATH = VALUE (ACCESS) of every node at or below path, in the order in which they were made. */
void fake_store_print(const char *path, char *text, unsigned size);

#endif
