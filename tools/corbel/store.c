/* SPDX-License-Identifier: MIT */
/*
 * See store.h.  A note is written under its UUID before the build starts and
 * renamed when the domid is known, so a CLI that dies in between leaves a note
 * that the next reader adopts.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/corbel/store.h"
#include "tools/lib/files.h"

const char *store_root = "/run/corbel";

#define STORE_PATH 512

static void domid_path(char *path, uint16_t domid, const char *file)
{
	snprintf(path, STORE_PATH, "%s/domains/%u%s", store_root, domid, file);
}

static void pending_path(char *path, const uint8_t uuid[16], const char *file)
{
	char text[37];

	uuid_format(uuid, text);
	snprintf(path, STORE_PATH, "%s/domains/pending-%s%s", store_root, text, file);
}

static int make_directory(const char *path)
{
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

int store_prepare(void)
{
	char path[STORE_PATH];
	int ret = make_directory(store_root);

	if (ret) {
		return ret;
	}
	snprintf(path, sizeof(path), "%s/domains", store_root);
	return make_directory(path);
}

static void remove_note(const char *directory)
{
	char path[STORE_PATH + 16];

	snprintf(path, sizeof(path), "%s/config", directory);
	unlink(path);
	rmdir(directory);
}

static int write_config(const char *path, const struct guest *guest)
{
	FILE *file = fopen(path, "we");
	bool cut;

	if (!file) {
		return -errno;
	}
	guest_write(guest, file);
	cut = ferror(file) != 0;
	if (fclose(file)) {
		return -errno;
	}
	return cut ? -EIO : 0;
}

/* The whole note, or none. */
static int write_note(const char *directory, const struct guest *guest)
{
	char path[STORE_PATH + 16];
	int ret = store_prepare();

	ret = ret ? ret : make_directory(directory);
	if (ret) {
		return ret;
	}
	snprintf(path, sizeof(path), "%s/config", directory);
	ret = write_config(path, guest);
	if (ret) {
		remove_note(directory);
	}
	return ret;
}

int store_pending(const struct guest *guest)
{
	char path[STORE_PATH];

	pending_path(path, guest->request.uuid, "");
	return write_note(path, guest);
}

int store_commit(const struct guest *guest, uint16_t domid)
{
	char from[STORE_PATH], to[STORE_PATH];

	pending_path(from, guest->request.uuid, "");
	domid_path(to, domid, "");
	remove_note(to); /* of an earlier domain with the same number */
	return rename(from, to) ? write_note(to, guest) : 0;
}

int store_change(const struct guest *guest, uint16_t domid)
{
	char path[STORE_PATH], other[STORE_PATH];
	int ret;

	domid_path(path, domid, "/config");
	domid_path(other, domid, "/config.new");
	ret = write_config(other, guest);
	if (!ret && rename(other, path)) {
		ret = -errno;
	}
	if (ret) {
		unlink(other);
	}
	return ret;
}

/* uuid: whose the note must be, NULL = anybody's. */
static bool load(const char *path, const uint8_t uuid[16], struct guest *guest)
{
	const char *why;
	FILE *note = files_open_own(path, &why), *quiet = fopen("/dev/null", "we");
	struct config config;
	bool good;

	config_init(&config);
	good = note && quiet && config_parse_stream(&config, path, note) == 0 &&
	       guest_from_config(guest, &config, quiet) == 0 &&
	       (!uuid || !memcmp(guest->request.uuid, uuid, 16));
	if (note) {
		fclose(note);
	}
	if (quiet) {
		fclose(quiet);
	}
	config_free(&config);
	return good;
}

void store_discard(const struct guest *guest)
{
	static struct guest other;
	char path[STORE_PATH];
	struct dirent *entry;
	DIR *directory;

	pending_path(path, guest->request.uuid, "");
	remove_note(path);
	/* A look at the list while the domain was being built has given the note a number. */
	snprintf(path, sizeof(path), "%s/domains", store_root);
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		snprintf(path, sizeof(path), "%s/domains/%.64s/config", store_root, entry->d_name);
		if (entry->d_name[0] != '.' && load(path, guest->request.uuid, &other)) {
			store_remove_note(entry->d_name);
		}
	}
	if (directory) {
		closedir(directory);
	}
}

void store_remove_note(const char *name)
{
	char path[STORE_PATH];

	snprintf(path, sizeof(path), "%s/domains/%.64s", store_root, name);
	remove_note(path);
}

void store_remove(uint16_t domid)
{
	char path[STORE_PATH];

	domid_path(path, domid, "");
	remove_note(path);
}

/* Never writes: if the creator has taken its note back meanwhile, there is nothing to rename. */
static void adopt(const uint8_t uuid[16], uint16_t domid)
{
	char from[STORE_PATH], to[STORE_PATH];

	pending_path(from, uuid, "");
	domid_path(to, domid, "");
	if (rename(from, to) && (errno == ENOTEMPTY || errno == EEXIST)) {
		remove_note(to); /* of an earlier domain with the same number */
		rename(from, to);
	}
}

bool store_load(uint16_t domid, const uint8_t uuid[16], struct guest *guest)
{
	char path[STORE_PATH];

	domid_path(path, domid, "/config");
	if (load(path, uuid, guest)) {
		return true;
	}
	pending_path(path, uuid, "/config");
	if (!load(path, uuid, guest)) {
		return false;
	}
	adopt(uuid, domid); /* if it fails, the note is still found next time */
	return true;
}

bool store_read(uint16_t domid, struct guest *guest)
{
	char path[STORE_PATH];

	domid_path(path, domid, "/config");
	return load(path, NULL, guest);
}

void store_numbers(uint8_t bits[STORE_NUMBERS / 8])
{
	char path[STORE_PATH], *end;
	struct dirent *entry;
	unsigned long number;
	DIR *directory;

	memset(bits, 0, STORE_NUMBERS / 8);
	snprintf(path, sizeof(path), "%s/domains", store_root);
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9') {
			continue;
		}
		number = strtoul(entry->d_name, &end, 10);
		if (!*end && number < STORE_NUMBERS) {
			bits[number / 8] |= (uint8_t)(1u << number % 8);
		}
	}
	if (directory) {
		closedir(directory);
	}
}

void store_config_path(uint16_t domid, char *path, size_t size)
{
	snprintf(path, size, "%s/domains/%u/config", store_root, domid);
}

int store_lock(bool wait)
{
	char path[STORE_PATH];
	int fd = store_prepare();

	if (fd) {
		return fd;
	}
	snprintf(path, sizeof(path), "%s/create.lock", store_root);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -errno;
	}
	if (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB))) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}
