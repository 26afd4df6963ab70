/* SPDX-License-Identifier: MIT */
/*
 * The owner's manifest of a guest: read, and compared with what the configuration says, so that a
 * manifest for another start is said before the image is staged.  The builder verifies the
 * signature and the files; nothing here is trusted.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "abi/corbel.h"
#include "measured-boot/shared/sha2.h"
#include "tools/corbel/guest.h"
#include "tools/lib/files.h"

_Static_assert(sizeof(((struct request *)0)->label) ==
		       sizeof(((struct corbel_owner_manifest *)0)->label),
	       "labels have one size");
_Static_assert(sizeof(struct corbel_owner_manifest) == 312, "as the texts below say");

/* Exactly one manifest.  Returns NULL, or what is wrong. */
static const char *read_file(const char *path, struct corbel_owner_manifest *manifest)
{
	uint8_t bytes[sizeof(*manifest) + 1];
	const char *wrong;
	FILE *file = files_open_stream(path, &wrong);
	size_t size;

	if (!file) {
		return wrong;
	}
	errno = 0;
	size = fread(bytes, 1, sizeof(bytes), file);
	if (ferror(file)) {
		wrong = strerror(errno);
	} else if (size != sizeof(*manifest)) {
		wrong = size < sizeof(*manifest) ? "shorter than a manifest (312 bytes)"
						 : "longer than a manifest (312 bytes)";
	} else {
		memcpy(manifest, bytes, sizeof(*manifest));
	}
	fclose(file);
	return wrong;
}

/* NUL after the text up to the end, so that one label has one form. */
static bool label_is(const char *padded, const char *label)
{
	char expected[CORBEL_LABEL_LEN] = "";

	snprintf(expected, sizeof(expected), "%s", label);
	return !memcmp(padded, expected, sizeof(expected));
}

int guest_read_owner(struct guest *guest, char *why, size_t size)
{
	struct corbel_owner_manifest *manifest = &guest->request.owner;
	const char *path = guest->owner_manifest, *wrong;
	uint8_t digest[SHA256_LEN];

	guest->request.owner_len = 0;
	if (!path[0]) {
		return 0;
	}
	wrong = read_file(path, manifest);
	if (!wrong && memcmp(manifest->magic, CORBEL_OWNER_MAGIC, sizeof(manifest->magic)) != 0) {
		wrong = "not an owner manifest (it does not begin with " CORBEL_OWNER_MAGIC ")";
	}
	if (!wrong && manifest->pad != 0) {
		wrong = "not an owner manifest (its padding is not zero)";
	}
	if (wrong) {
		snprintf(why, size, "owner_manifest %s: %s", path, wrong);
		return -1;
	}
	if (!label_is(manifest->label, guest->request.label)) {
		snprintf(why, size, "owner_manifest %s: signed for the label `%.*s', not `%s'",
			 path, (int)sizeof(manifest->label) - 1, manifest->label,
			 guest->request.label);
		return -1;
	}
	sha256(guest->request.cmdline, strlen(guest->request.cmdline), digest);
	if (memcmp(manifest->cmdline, digest, sizeof(digest)) != 0) {
		snprintf(why, size, "owner_manifest %s: signed for another command line than `%s'",
			 path, guest->request.cmdline);
		return -1;
	}
	guest->request.owner_len = sizeof(*manifest);
	return 0;
}
