/* SPDX-License-Identifier: MIT */
/*
 * Reads a tenant's expectation (docs/ATTESTATION.md).  The file is the tenant's own, but a fault in
 * it must not pass for a launch that is as expected: it is a row of its own.
 */
#include "measured-boot/verify/expect.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

#include "tools/lib/hex.h"
#include "measured-boot/verify/json.h"

#define CMDLINE_MAX 4096u

static void copy_text(struct json_node node, char *out, size_t room)
{
	snprintf(out, room, "%s", json_text(node, room - 1));
}

#define UUID_TEXT   36 /* 8-4-4-4-12 */
#define UUID_DIGITS 32

static bool is_dash_place(size_t at)
{
	return at == 8 || at == 13 || at == 18 || at == 23;
}

/* The digits of 8-4-4-4-12; false: it has another form. */
static bool uuid_digits(const char *text, char digits[UUID_DIGITS + 1])
{
	size_t count = 0;

	if (strlen(text) != UUID_TEXT) {
		return false;
	}
	for (size_t i = 0; i < UUID_TEXT; i++) {
		if (!is_dash_place(i)) {
			digits[count++] = text[i];
		} else if (text[i] != '-') {
			return false;
		}
	}
	digits[count] = 0;
	return true;
}

static void read_uuid(struct json_node node, struct expectation *expect)
{
	const char *text = json_text(node, UUID_TEXT);
	char digits[UUID_DIGITS + 1];

	expect->any_uuid = !text[0];
	if (expect->any_uuid) {
		return;
	}
	if (!uuid_digits(text, digits) || !hex_decode(digits, expect->uuid, 16)) {
		json_fault(&node, "expected a UUID, 8-4-4-4-12 hex digits, or nothing");
	}
}

/* BB:DD.F in small hex digits, as corbel-reference writes it; -1: it is not. */
static int32_t function_of(const char *text)
{
	char again[8];
	unsigned bus, device, function;

	if (sscanf(text, "%2x:%2x.%1x", &bus, &device, &function) != 3 || device > 0x1f ||
	    function > 7) {
		return -1;
	}
	snprintf(again, sizeof(again), "%02x:%02x.%x", bus & 0xff, device, function);
	return strcmp(text, again) ? -1 : (int32_t)(bus << 8 | device << 3 | function);
}

/* A domain that is to have none: the key is not there, as in files older than it. */
static void read_devices(const struct json_node *root, struct expectation *expect)
{
	struct json_node list;

	if (!json_has(root, "devices")) {
		return;
	}
	list = json_member(root, "devices");
	if (!json_is_array(&list, CORBEL_LOG_DEVICES)) {
		return;
	}
	for (size_t i = 0; i < json_count(&list); i++) {
		struct json_node item = json_item(&list, i);
		int32_t function = function_of(json_text(item, 7));

		if (function < 0 || (i > 0 && function <= expect->devices[i - 1])) {
			json_fault(&item, "expected PCI devices as BB:DD.F, ascending");
			return;
		}
		expect->devices[i] = (uint16_t)function;
		expect->device_count++;
	}
}

static void read_expectation(const struct json_node *root, struct expectation *expect)
{
	struct json_node digest;
	uint8_t computed[32];

	json_format(root, "corbel.expect.1");
	json_only(root, (const char *[]){"format", "name", "kernel", "initrd", "cmdline",
					 "cmdline_sha256", "memory_pages", "vcpus", "label",
					 "owner", "min_policy", "uuid", "devices", NULL});
	copy_text(json_member(root, "name"), expect->name, sizeof(expect->name));
	copy_text(json_member(root, "label"), expect->label, sizeof(expect->label));
	json_hex(json_member(root, "kernel"), expect->kernel, 32);
	json_hex(json_member(root, "initrd"), expect->initrd, 32);
	expect->cmdline = strdup(json_text(json_member(root, "cmdline"), CMDLINE_MAX));
	digest = json_member(root, "cmdline_sha256");
	json_hex(digest, expect->cmdline_sha256, 32);
	expect->memory_pages = json_number(json_member(root, "memory_pages"), UINT64_MAX / 2);
	expect->vcpus = json_number(json_member(root, "vcpus"), UINT32_MAX);
	json_hex_or_empty(json_member(root, "owner"), expect->owner, 32);
	expect->min_policy = json_number(json_member(root, "min_policy"), UINT64_MAX / 2);
	read_uuid(json_member(root, "uuid"), expect);
	read_devices(root, expect);
	if (!expect->cmdline || !EVP_Digest(expect->cmdline, strlen(expect->cmdline), computed,
					    NULL, EVP_sha256(), NULL)) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	if (json_ok(root->file) && memcmp(computed, expect->cmdline_sha256, 32)) {
		json_fault(&digest, "expected the SHA-256 of cmdline");
	}
}

bool expectation_open(struct judge *judge)
{
	struct json_file f;
	struct json_node root;
	bool good;

	judge->expect = calloc(1, sizeof(*judge->expect));
	if (!judge->expect) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	if (json_open_input(judge->verdict, &f, &root, judge->in->expect, JSON_FILE_MAX)) {
		read_expectation(&root, judge->expect);
	}
	good = json_ok(&f);
	if (!good) {
		verdict_add(judge->verdict, "tenant.launch", ROW_missing, "an expectation", f.error,
			    "What the tenant expects cannot be read.");
	}
	json_close(&f);
	return good;
}

void expectation_free(struct expectation *expect)
{
	if (expect) {
		free(expect->cmdline);
		free(expect);
	}
}
