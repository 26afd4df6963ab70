/* SPDX-License-Identifier: MIT */
/*
 * See guest.h.  Wrong values are refused with file and line; a device that
 * cannot be provided is refused rather than left out; unknown keys are said.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "abi/corbel.h"
#include "tools/corbel/guest.h"
#include "tools/corbel/guest_pci.h"

#define MAX_MEMORY_MIB 1048576

static const char *const action_names[ACTION_count] = {"destroy", "restart", "preserve"};

/* Copies a string value of bounded size. */
static int take_string(struct config *config, const char *key, char *out, size_t size)
{
	const char *text = NULL;
	int found = config_string(config, key, &text);

	if (found <= 0) {
		return found;
	}
	if (strlen(text) >= size) {
		return config_fail(config, key, "`%s' is longer than %zu bytes", key, size - 1);
	}
	strcpy(out, text);
	return 1;
}

/* What a kernel's command line is made of: its digest is compared with that of a text that a
 * verifier writes, and bytes beyond ASCII would be another text for each character set. */
static int take_ascii(struct config *config, const char *key, char *out, size_t size)
{
	int found = take_string(config, key, out, size);

	for (size_t i = 0; found > 0 && out[i]; i++) {
		if ((unsigned char)out[i] >= 0x80) {
			return config_fail(config, key, "`%s': byte 0x%02x at %zu: expected ASCII",
					   key, (unsigned char)out[i], i);
		}
	}
	return found;
}

static int take_identity(struct guest *guest, struct config *config)
{
	struct request *request = &guest->request;
	char uuid[64];
	int found;

	found = take_string(config, "name", request->name, sizeof(request->name));
	if (found < 0) {
		return -1;
	}
	if (!found || !request->name[0]) {
		return config_fail(config, "name", "Domain name must be specified.");
	}
	for (const char *c = request->name; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("._+-", *c)) {
			return config_fail(config, "name",
					   "`name' may hold letters, digits and ._+- only");
		}
	}
	/* A number in place of a name means a domid everywhere. */
	if (request->name[strspn(request->name, "0123456789")] == '\0') {
		return config_fail(config, "name", "`name' must not be a number");
	}
	found = take_string(config, "uuid", uuid, sizeof(uuid));
	if (found < 0) {
		return -1;
	}
	if (found && !uuid_parse(uuid, request->uuid)) {
		return config_fail(config, "uuid", "`uuid' is not a UUID: `%s'", uuid);
	}
	guest->has_uuid = found;
	strcpy(request->label, GUEST_DEFAULT_LABEL);
	if (take_string(config, "seclabel", request->label, sizeof(request->label)) < 0) {
		return -1;
	}
	if (!request->label[0]) {
		return config_fail(config, "seclabel", "`seclabel' is empty");
	}
	found = take_string(config, "owner_manifest", guest->owner_manifest,
			    sizeof(guest->owner_manifest));
	return found < 0 ? -1 : 0;
}

/* As in xl a short value is compared as a prefix: `h` means hvm, `p` means pv. */
static int take_type(struct config *config, FILE *err)
{
	const char *key = "type", *type = "pvh";
	int found = config_string(config, key, &type);

	if (!found) {
		key = "builder";
		found = config_string(config, key, &type);
	}
	if (found < 0) {
		return -1;
	}
	if (!found || !strcmp(type, "pvh")) {
		return 0;
	}
	if (type[0] && (!strncmp("pv", type, strlen(type)) || !strcmp(type, "generic"))) {
		const struct config_setting *setting = config_find(config, key);

		fprintf(err, "%s:%u: note: `%s=\"%s\"' runs as PVH here\n", setting->source,
			setting->line, key, type);
		return 0;
	}
	if (type[0] && !strncmp("hvm", type, strlen(type))) {
		return config_fail(config, key, "HVM guests are not supported; use type=\"pvh\"");
	}
	return config_fail(config, key, "Invalid domain type %s.", type);
}

static int take_image(struct guest *guest, struct config *config, FILE *err)
{
	char root[2048] = "", extra[2048] = "";
	char *line = guest->request.cmdline;
	int found, has_root, has_extra, length;

	found = take_string(config, "kernel", guest->kernel, sizeof(guest->kernel));
	if (found < 0) {
		return -1;
	}
	if (!found || !guest->kernel[0]) {
		return config_fail(config, "kernel", "Neither kernel nor bootloader specified");
	}
	if (take_string(config, "ramdisk", guest->ramdisk, sizeof(guest->ramdisk)) < 0) {
		return -1;
	}
	found = take_ascii(config, "cmdline", line, sizeof(guest->request.cmdline));
	has_root = take_ascii(config, "root", root, sizeof(root));
	has_extra = take_ascii(config, "extra", extra, sizeof(extra));
	if (found < 0 || has_root < 0 || has_extra < 0) {
		return -1;
	}
	if (found) {
		if (has_root || has_extra) {
			fprintf(err, "Warning: ignoring root= and extra= in favour of cmdline=\n");
		}
		return 0;
	}
	/* As xl joins them: a key with an empty text is there. */
	length = snprintf(line, sizeof(guest->request.cmdline), "%s%s%s%s", has_root ? "root=" : "",
			  root, has_root && has_extra ? " " : "", extra);
	if (length >= (int)sizeof(guest->request.cmdline)) {
		return config_fail(config, "extra",
				   "`root' and `extra' together are longer than 2047 bytes");
	}
	return 0;
}

static void warn_ceiling(const struct config *config, const char *key, FILE *err)
{
	const struct config_setting *setting = config_find(config, key);

	fprintf(err, "%s:%u: warning: `%s' above the start value has no effect on this host\n",
		setting->source, setting->line, key);
}

static int take_sizes(struct guest *guest, struct config *config, FILE *err)
{
	uint64_t memory = 0, maxmem = 0, vcpus = 1, maxvcpus = 0, weight = GUEST_DEFAULT_WEIGHT;
	int has_memory, has_maxmem, has_maxvcpus;

	has_memory = config_number(config, "memory", 4, MAX_MEMORY_MIB, &memory);
	has_maxmem = config_number(config, "maxmem", 4, has_memory ? INT64_MAX : MAX_MEMORY_MIB,
				   &maxmem);
	has_maxvcpus = config_number(config, "maxvcpus", 1, INT32_MAX, &maxvcpus);
	if (has_memory < 0 || has_maxmem < 0 || has_maxvcpus < 0 ||
	    config_number(config, "vcpus", 1, CORBEL_MAX_VCPUS, &vcpus) < 0 ||
	    config_number(config, "cpu_weight", 1, 65535, &weight) < 0) {
		return -1;
	}
	if (!has_memory && !has_maxmem) {
		return config_fail(config, "memory", "`memory' must be specified (MiB)");
	}
	if (!has_memory) {
		memory = maxmem;
	}
	if (has_maxmem && maxmem < memory) {
		return config_fail(config, "maxmem", "`maxmem' is less than `memory'");
	}
	if (has_maxvcpus && maxvcpus < vcpus) {
		return config_fail(config, "maxvcpus", "`maxvcpus' is less than `vcpus'");
	}
	if (has_maxmem && maxmem > memory) {
		warn_ceiling(config, "maxmem", err);
	}
	if (has_maxvcpus && maxvcpus > vcpus) {
		warn_ceiling(config, "maxvcpus", err);
	}
	guest->request.memory_mib = (uint32_t)memory;
	guest->request.vcpus = (uint32_t)vcpus;
	guest->request.weight = (uint32_t)weight;
	return 0;
}

static int take_driver(struct guest *guest, struct config *config)
{
	uint64_t is_driver = 0;

	if (config_number(config, "driver_domain", 0, 1, &is_driver) < 0) {
		return -1;
	}
	guest->is_driver = is_driver != 0;
	return 0;
}

static int take_action(struct config *config, const char *key, enum guest_action *out, FILE *err)
{
	const char *text = action_names[*out];

	if (config_string(config, key, &text) < 0) {
		return -1;
	}
	if (!strncmp(text, "coredump-", strlen("coredump-"))) {
		fprintf(err, "warning: `%s': nobody can dump a sealed domain's memory\n", key);
		text += strlen("coredump-");
		if (!strcmp(text, "preserve")) {
			text = "";
		}
	}
	for (int i = 0; i < ACTION_count; i++) {
		if (!strcmp(text, action_names[i])) {
			*out = (enum guest_action)i;
			return 0;
		}
	}
	return config_fail(config, key, "`%s' must be destroy, restart or preserve", key);
}

int guest_from_config(struct guest *guest, struct config *config, FILE *err)
{
	memset(guest, 0, sizeof(*guest));
	guest->on_poweroff = ACTION_destroy;
	guest->on_reboot = ACTION_restart;
	guest->on_crash = ACTION_destroy;
	for (size_t i = 0; i < config->count; i++) {
		if (guest_check_key(config, &config->settings[i], err)) {
			return -1;
		}
	}
	if (take_identity(guest, config) || take_type(config, err) ||
	    take_image(guest, config, err) || take_sizes(guest, config, err) ||
	    take_action(config, "on_poweroff", &guest->on_poweroff, err) ||
	    take_action(config, "on_reboot", &guest->on_reboot, err) ||
	    take_action(config, "on_crash", &guest->on_crash, err) || take_driver(guest, config) ||
	    guest_devices_take(&guest->devices, config) ||
	    guest_pci_take(&guest->request.devices, config, err)) {
		return -1;
	}
	return 0;
}

static int make_absolute(char path[GUEST_PATH])
{
	char absolute[GUEST_PATH];
	size_t here;

	if (!path[0] || path[0] == '/') {
		return 0;
	}
	if (!getcwd(absolute, sizeof(absolute))) {
		return -errno;
	}
	here = strlen(absolute);
	if (here + 1 + strlen(path) >= sizeof(absolute)) {
		return -ENAMETOOLONG;
	}
	sprintf(absolute + here, "%s%s", here > 1 ? "/" : "", path);
	strcpy(path, absolute);
	return 0;
}

int guest_make_absolute(struct guest *guest)
{
	char *paths[] = {guest->kernel, guest->ramdisk, guest->owner_manifest};
	int ret = 0;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]) && !ret; i++) {
		ret = make_absolute(paths[i]);
	}
	return ret;
}

static void write_string(FILE *out, const char *key, const char *text)
{
	fprintf(out, "%s = ", key);
	config_write_string(out, text);
	fputc('\n', out);
}

void guest_write(const struct guest *guest, FILE *out)
{
	const struct request *request = &guest->request;
	char uuid[37];

	uuid_format(request->uuid, uuid);
	write_string(out, "name", request->name);
	fprintf(out, "uuid = '%s'\ntype = 'pvh'\n", uuid);
	write_string(out, "kernel", guest->kernel);
	if (guest->ramdisk[0]) {
		write_string(out, "ramdisk", guest->ramdisk);
	}
	write_string(out, "cmdline", request->cmdline);
	write_string(out, "seclabel", request->label);
	if (guest->owner_manifest[0]) {
		write_string(out, "owner_manifest", guest->owner_manifest);
	}
	fprintf(out, "memory = %u\nvcpus = %u\ncpu_weight = %u\n", request->memory_mib,
		request->vcpus, request->weight);
	fprintf(out, "on_poweroff = '%s'\non_reboot = '%s'\non_crash = '%s'\n",
		action_names[guest->on_poweroff], action_names[guest->on_reboot],
		action_names[guest->on_crash]);
	if (guest->is_driver) {
		fprintf(out, "driver_domain = 1\n");
	}
	guest_devices_write(&guest->devices, out);
	guest_pci_write(&guest->request.devices, out);
}

const char *guest_action_name(enum guest_action action)
{
	return action < ACTION_count ? action_names[action] : "?";
}

void uuid_format(const uint8_t uuid[16], char text[37])
{
	char *at = text;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10) {
			*at++ = '-';
		}
		at += sprintf(at, "%02x", uuid[i]);
	}
}

bool uuid_parse(const char *text, uint8_t uuid[16])
{
	for (int i = 0; i < 16; i++) {
		unsigned byte;

		if (*text == '-' && (i == 4 || i == 6 || i == 8 || i == 10)) {
			text++;
		}
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]) ||
		    sscanf(text, "%2x", &byte) != 1) {
			return false;
		}
		uuid[i] = (uint8_t)byte;
		text += 2;
	}
	return *text == '\0';
}
