/* SPDX-License-Identifier: MIT */
/*
 * What a configuration means: xl's keys for a PVH guest, checked and turned
 * into the fields of a build request.  Also the way back, so that Dom0 can keep
 * the effective settings of a running domain as a file that `create` accepts.
 */
#ifndef CORBEL_TOOL_GUEST_H
#define CORBEL_TOOL_GUEST_H
#include <stdbool.h>
#include <stdio.h>

#include "tools/corbel/config.h"
#include "tools/corbel/guest_devices.h"
#include "tools/plan/encode.h"

#define GUEST_DEFAULT_LABEL  "system_u:system_r:tenant.t"
#define GUEST_DEFAULT_WEIGHT 256

#define GUEST_PATH 4096

enum guest_action { ACTION_destroy, ACTION_restart, ACTION_preserve, ACTION_count };

struct guest {
	struct request request; /* file sizes are filled in by create */
	char kernel[GUEST_PATH];
	char ramdisk[GUEST_PATH];        /* empty = none */
	char owner_manifest[GUEST_PATH]; /* file; empty = nobody's */
	bool has_uuid;
	bool is_driver; /* tools/corbel/driver.h */
	enum guest_action on_poweroff, on_reboot, on_crash;
	struct guest_devices devices;
};

/* Whether a key may stand there with this value (guest_keys.c): 0, or -1 with config->error; what
 * is without effect is said on err. */
int guest_check_key(struct config *config, const struct config_setting *setting, FILE *err);

/* Returns 0, or -1 with config->error.  Warnings (unknown keys, keys without effect) go to err. */
int guest_from_config(struct guest *guest, struct config *config, FILE *err);

/* Reads the owner's manifest, if there is one, into the request.  Returns 0, or -1 with what is
 * wrong in why. */
int guest_read_owner(struct guest *guest, char *why, size_t size);

/* Files that are named from the current folder get absolute names, so that the settings mean the
 * same in another one.  Returns 0, or a negative errno. */
int guest_make_absolute(struct guest *guest);

/* Writes settings that config_parse() and guest_from_config() turn into the same guest. */
void guest_write(const struct guest *guest, FILE *out);

const char *guest_action_name(enum guest_action action);

/* 36 characters and NUL. */
void uuid_format(const uint8_t uuid[16], char text[37]);
bool uuid_parse(const char *text, uint8_t uuid[16]);

#endif
