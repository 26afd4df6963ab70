/* SPDX-License-Identifier: MIT */
/*
 * The syntax of one disk: words between commas, each `key=value`, a flag, or
 * the next positional one of target, format, vdev, access; `target=` takes all
 * that is left.  xend's older form PREFIX:TARGET,VDEV[:TYPE],ACCESS is read as
 * libxlutil does: a prefix settles the format.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/corbel/guest_disk.h"

struct reader {
	struct disk *disk;
	char *why;
	size_t why_size;
	bool has_target, has_format, has_vdev, has_access; /* positions that are taken */
	bool access_given, format_given;
};

static bool refuse(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(struct reader *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->why, r->why_size, format, args);
	va_end(args);
	return false;
}

/* What is kept goes into a store, a script's environment and Dom0's notes. */
static bool keep(struct reader *r, char *out, size_t size, const char *what, const char *value)
{
	if (strlen(value) >= size) {
		return refuse(r, "%s is longer than %zu bytes", what, size - 1);
	}
	for (const char *c = value; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			return refuse(r, "%s: byte 0x%02x is no text", what, (unsigned char)*c);
		}
	}
	strcpy(out, value);
	return true;
}

static bool keep_once(struct reader *r, char *out, size_t size, const char *what, const char *value)
{
	return *out ? refuse(r, "%s is given twice: `%.40s'", what, value)
		    : keep(r, out, size, what, value);
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool set_format(struct reader *r, const char *value)
{
	enum disk_format format = strcmp(value, "qcow2") ? DISK_raw : DISK_qcow2;

	if (!strcmp(value, "empty")) {
		return refuse(r, "a disk needs a target");
	}
	if (*value && strcmp(value, disk_format_name(format)) != 0) {
		return refuse(r,
			      "unknown value for format: `%.40s'; this host serves raw and qcow2",
			      value);
	}
	if (r->format_given && format != r->disk->format) {
		return refuse(r, "format is given twice: `%.40s'", value);
	}
	r->has_format = r->format_given = true;
	r->disk->format = format;
	return true;
}

static bool set_access(struct reader *r, const char *value)
{
	static const struct {
		const char *word;
		enum disk_access access;
	} words[] = {
		{"w", DISK_write},   {"rw", DISK_write},   {"r", DISK_read},   {"ro", DISK_read},
		{"w!", DISK_shared}, {"rw!", DISK_shared}, {"!", DISK_shared},
	};

	if (r->access_given) {
		return refuse(r, "access is given twice: `%.40s'", value);
	}
	if (!*value) {
		return true;
	}
	r->access_given = true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(value, words[i].word)) {
			r->disk->access = words[i].access;
			return true;
		}
	}
	return refuse(r, "unknown value for access: `%.40s'; there are r, ro, w, rw, w!", value);
}

static bool set_devtype(struct reader *r, const char *value)
{
	if (!strcmp(value, "cdrom")) {
		return refuse(r, "a PVH guest has no CD-ROM drive; give the image as a disk with "
				 "access=ro");
	}
	if (strcmp(value, "disk") != 0) {
		return refuse(r, "unknown value for devtype: `%.40s'", value);
	}
	return true;
}

static bool set_vdev(struct reader *r, const char *value)
{
	char name[DISK_WORD];
	const char *colon = strchr(value, ':');

	if (r->disk->vdev[0]) {
		return refuse(r, "vdev is given twice: `%.40s'", value);
	}
	r->has_vdev = true;
	if (colon && !set_devtype(r, colon + 1)) {
		return false;
	}
	snprintf(name, sizeof(name), "%.*s", colon ? (int)(colon - value) : (int)strlen(value),
		 value);
	if (!*name) {
		return true;
	}
	if (!vdev_number(name, &r->disk->number)) {
		return refuse(r, "`%.40s' is no virtual device: xvda, sda1, hda, d0p0, 51712 are",
			      name);
	}
	return keep(r, r->disk->vdev, sizeof(r->disk->vdev), "vdev", name);
}

static bool set_backendtype(struct reader *r, const char *value)
{
	if (!*value || !strcmp(value, "phy") || !strcmp(value, "qdisk")) {
		return true; /* the guest sees no difference */
	}
	return refuse(r, "backendtype `%.40s': this host serves disks by blkback alone", value);
}

static bool set_specification(struct reader *r, const char *value)
{
	return !*value || !strcmp(value, "xen") ||
	       refuse(r, "specification `%.40s': this host serves xen alone", value);
}

/* ---- the target and xend's prefixes ---------------------------------------------------------- */

static bool starts(const char *text, const char *prefix, const char **rest)
{
	if (strncmp(text, prefix, strlen(prefix)) != 0) {
		return false;
	}
	*rest = text + strlen(prefix);
	return true;
}

/* Takes one prefix off: 1, 0 = there is none, -1 = one that means nothing. */
static int take_prefix(struct reader *r, const char **at)
{
	static const char *const idle[] = {
		"phy:", "file:", "tap:", "tap2:", "tapdisk:", "aio:", "ioemu:"};
	static const char *const formats[] = {"raw:", "qcow2:", "qcow:", "vhd:", "qed:"};
	static const char *const scripts[] = {"iscsi:", "nbd:", "enbd:", "drbd:"};
	const char *rest, *end = *at;
	char word[16];

	for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++) {
		if (starts(*at, idle[i], at)) {
			return 1;
		}
	}
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (starts(*at, formats[i], &rest)) {
			snprintf(word, sizeof(word), "%.*s", (int)strlen(formats[i]) - 1, *at);
			*at = rest;
			return set_format(r, word) ? 1 : -1;
		}
	}
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		if (starts(*at, scripts[i], at)) {
			snprintf(r->disk->script, sizeof(r->disk->script), "block-%.*s",
				 (int)strlen(scripts[i]) - 1, scripts[i]);
			r->has_format = true;
			return 1;
		}
	}
	end += strspn(end, "abcdefghijklmnopqrstuvwxyz0123456789");
	if (islower((unsigned char)**at) && *end == ':' && !isalnum((unsigned char)end[1])) {
		refuse(r, "unknown disk prefix `%.*s'", (int)(end - *at) + 1, *at);
		return -1;
	}
	return 0;
}

/* The first positional word: prefixes mean xend's form, whose second word is the vdev. */
static bool set_old_target(struct reader *r, const char *value)
{
	bool prefixed = false;
	int found;

	while ((found = take_prefix(r, &value)) > 0) {
		prefixed = true;
	}
	r->has_format |= prefixed;
	r->has_target = true;
	return found == 0 && keep(r, r->disk->target, sizeof(r->disk->target), "target", value);
}

static bool finish_target(struct reader *r)
{
	struct disk *disk = r->disk;
	char path[DISK_TARGET];

	if (!disk->target[0]) {
		return refuse(r, "a disk needs a target");
	}
	if (disk->target[0] == '/' || disk->script[0]) {
		return true;
	}
	if (strlen(disk->target) + sizeof("/dev/") > sizeof(path)) {
		return refuse(r, "target is longer than %zu bytes", sizeof(path) - 1);
	}
	strcpy(path, "/dev/");
	strcat(path, disk->target);
	strcpy(disk->target, path);
	return true;
}

/* ---- words ----------------------------------------------------------------------------------- */

static bool set_key(struct reader *r, const char *key, const char *value)
{
	struct disk *disk = r->disk;

	if (!strcmp(key, "format")) {
		return set_format(r, value);
	}
	if (!strcmp(key, "vdev")) {
		return set_vdev(r, value);
	}
	if (!strcmp(key, "access")) {
		return set_access(r, value);
	}
	if (!strcmp(key, "devtype")) {
		return set_devtype(r, value);
	}
	if (!strcmp(key, "backend")) {
		return keep_once(r, disk->backend, sizeof(disk->backend), "backend", value);
	}
	if (!strcmp(key, "backendtype")) {
		return set_backendtype(r, value);
	}
	if (!strcmp(key, "specification")) {
		return set_specification(r, value);
	}
	if (!strcmp(key, "script")) {
		return keep_once(r, disk->script, sizeof(disk->script), "script", value);
	}
	return refuse(r, "unknown parameter `%.40s='", key);
}

/* 1 = it was one, 0 = it is none, -1 = refused */
static int set_flag(struct reader *r, const char *word)
{
	struct disk *disk = r->disk;

	if (!strcmp(word, "cdrom")) {
		return set_devtype(r, word) ? 1 : -1;
	}
	if (!strcmp(word, "discard") || !strcmp(word, "no-discard")) {
		disk->no_discard = word[0] == 'n';
	} else if (!strcmp(word, "direct-io-safe")) {
		disk->direct_io_safe = true;
	} else if (!strcmp(word, "trusted") || !strcmp(word, "untrusted")) {
		disk->trusted = word[0] == 't';
	} else if (!strcmp(word, "colo")) {
		refuse(r, "`colo' is not supported on this host");
		return -1;
	} else {
		return 0;
	}
	return 1;
}

static bool set_positional(struct reader *r, const char *word)
{
	if (!r->has_target) {
		return set_old_target(r, word);
	}
	if (!r->disk->target[0] && strchr(word, ':')) {
		r->has_format = true;
		return set_vdev(r, word); /* xend's empty drive: `,hdc:cdrom,r' */
	}
	if (!r->has_format) {
		return set_format(r, word);
	}
	if (!r->has_vdev) {
		return set_vdev(r, word);
	}
	if (!r->has_access) {
		r->has_access = true;
		return set_access(r, word);
	}
	return refuse(r, "too many words: `%.40s'", word);
}

static bool is_key(const char *word, const char *equals)
{
	return equals && equals != word &&
	       strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-") == (size_t)(equals - word);
}

static bool read_word(struct reader *r, char *word)
{
	char *equals = strchr(word, '=');
	int flag;

	if (is_key(word, equals)) {
		*equals = '\0';
		return set_key(r, word, equals + 1);
	}
	flag = set_flag(r, word);
	return flag ? flag > 0 : set_positional(r, word);
}

bool disk_parse(struct disk *disk, const char *text, char *why, size_t size)
{
	struct reader r = {.disk = disk, .why = why, .why_size = size};
	char word[DISK_TARGET + 64];
	const char *rest;
	size_t length;

	memset(disk, 0, sizeof(*disk));
	while (*text) {
		text += strspn(text, " \t\n\r\f\v");
		if (starts(text, "target=", &rest)) {
			if (disk->target[0]) {
				return refuse(&r, "target is given twice");
			}
			if (!keep(&r, disk->target, sizeof(disk->target), "target", rest)) {
				return false;
			}
			break;
		}
		length = strcspn(text, ",");
		if (length >= sizeof(word)) {
			return refuse(&r, "a word is longer than %zu bytes", sizeof(word) - 1);
		}
		memcpy(word, text, length);
		word[length] = '\0';
		if ((length || text[length]) && !read_word(&r, word)) {
			return false;
		}
		text += length + (text[length] == ',');
	}
	if (!disk->vdev[0]) {
		return refuse(&r, "no vdev (xvda) is given");
	}
	return finish_target(&r);
}

/* ---- the way back ---------------------------------------------------------------------------- */

const char *disk_format_name(enum disk_format format)
{
	return format == DISK_qcow2 ? "qcow2" : "raw";
}

const char *disk_access_name(enum disk_access access)
{
	static const char *const names[] = {
		[DISK_write] = "w", [DISK_read] = "r", [DISK_shared] = "w!"};

	return names[access];
}

void disk_format_text(const struct disk *disk, char *text, size_t size)
{
	snprintf(text, size, "format=%s,vdev=%s,access=%s%s%s%s%s%s%s%s,target=%s",
		 disk_format_name(disk->format), disk->vdev, disk_access_name(disk->access),
		 disk->backend[0] ? ",backend=" : "", disk->backend,
		 disk->script[0] ? ",script=" : "", disk->script,
		 disk->no_discard ? ",no-discard" : "",
		 disk->direct_io_safe ? ",direct-io-safe" : "", disk->trusted ? ",trusted" : "",
		 disk->target);
}
