/* SPDX-License-Identifier: MIT */
/*
 * See store.h.  A note is written under its UUID before the build starts and
 * renamed when the domid is known, so a CLI that dies in between leaves a note
 * that the next reader adopts.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/corbel/store.h"

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

static int write_note(const char *directory, const struct guest *guest)
{
	char path[STORE_PATH + 16];
	int ret = store_prepare();
	FILE *file;

	ret = ret ? ret : make_directory(directory);
	if (ret) {
		return ret;
	}
	snprintf(path, sizeof(path), "%s/config", directory);
	file = fopen(path, "we");
	if (!file) {
		return -errno;
	}
	guest_write(guest, file);
	return fclose(file) ? -errno : 0;
}

int store_pending(const struct guest *guest)
{
	char path[STORE_PATH];

	pending_path(path, guest->request.uuid, "");
	return write_note(path, guest);
}

static void remove_note(const char *directory)
{
	char path[STORE_PATH + 16];

	snprintf(path, sizeof(path), "%s/config", directory);
	unlink(path);
	rmdir(directory);
}

int store_commit(const struct guest *guest, uint16_t domid)
{
	char from[STORE_PATH], to[STORE_PATH];

	pending_path(from, guest->request.uuid, "");
	domid_path(to, domid, "");
	remove_note(to); /* of an earlier domain with the same number */
	return rename(from, to) ? write_note(to, guest) : 0;
}

void store_discard(const struct guest *guest)
{
	char path[STORE_PATH];

	pending_path(path, guest->request.uuid, "");
	remove_note(path);
}

void store_remove(uint16_t domid)
{
	char path[STORE_PATH];

	domid_path(path, domid, "");
	remove_note(path);
}

static bool load(const char *path, const uint8_t uuid[16], struct guest *guest)
{
	struct config config;
	FILE *quiet;
	bool good;

	config_init(&config);
	quiet = fopen("/dev/null", "we");
	good = quiet && access(path, R_OK) == 0 && config_parse_file(&config, path) == 0 &&
	       guest_from_config(guest, &config, quiet) == 0 &&
	       !memcmp(guest->request.uuid, uuid, 16);
	if (quiet) {
		fclose(quiet);
	}
	config_free(&config);
	return good;
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
	store_commit(guest, domid); /* adopted; if it fails, the note is still found next time */
	return true;
}

void store_config_path(uint16_t domid, char *path, size_t size)
{
	snprintf(path, size, "%s/domains/%u/config", store_root, domid);
}
