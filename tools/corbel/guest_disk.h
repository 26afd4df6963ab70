/* SPDX-License-Identifier: MIT */
/*
 * A disk as xl-disk-configuration(5) writes it, and the numbers that
 * xen-vbd-interface(7) gives to names like xvda.  Syntax and meaning only: no
 * file is looked at.  What this host cannot serve is refused by name.
 */
#ifndef CORBEL_TOOL_GUEST_DISK_H
#define CORBEL_TOOL_GUEST_DISK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_TARGET 1024
#define DISK_WORD   128
#define DISK_WHERE  160

enum disk_format { DISK_raw, DISK_qcow2 };
/* DISK_shared: written by several, on the configuration's own responsibility. */
enum disk_access { DISK_write, DISK_read, DISK_shared };

struct disk {
	char target[DISK_TARGET]; /* absolute path, or what the script is given */
	char script[DISK_WORD];   /* as written; empty = this host's own way */
	char backend[DISK_WORD];  /* name or number of the domain that serves it; empty = 0 */
	char vdev[DISK_WORD];     /* as written */
	uint32_t number;          /* of vdev, as it goes to the guest */
	enum disk_format format;
	enum disk_access access;
	bool no_discard, direct_io_safe;
	bool trusted;           /* told to the guest: its back end need not be guarded against */
	char where[DISK_WHERE]; /* "FILE:LINE: " of the specification, or empty */
};

/* Reads one specification.  False: why says what is wrong with it, and disk is undefined. */
bool disk_parse(struct disk *disk, const char *text, char *why, size_t size);
/* One specification that disk_parse() reads as the same disk. */
void disk_format_text(const struct disk *disk, char *text, size_t size);
#define DISK_TEXT (DISK_TARGET + 4 * DISK_WORD + 128)

/* False for what is no name or number of a virtual device. */
bool vdev_number(const char *name, uint32_t *number);
/* How the guest calls it: "xvdb2"; for the other kinds their own name, or the number. */
void vdev_name(uint32_t number, char *name, size_t size);

const char *disk_format_name(enum disk_format format);
const char *disk_access_name(enum disk_access access);

#endif
