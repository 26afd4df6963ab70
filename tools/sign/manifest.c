/* SPDX-License-Identifier: MIT */
/*
 * See manifest.h.  Owns the limits that builder-domain/request.c sets for the same fields, so that
 * what is signed here can be launched there.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sign/manifest.h"
#include "tools/lib/files.h"

#define IMAGE_MAX   (1ull << 32)
#define CMDLINE_MAX 2047u
#define LABEL_MAX   63u

static int digest_file(const char *path, uint8_t digest[32], char *error, size_t error_size)
{
	void *bytes;
	size_t size = 0;

	if (!path || !path[0]) {
		p256_sha256("", 0, digest); /* no initrd: the digest of no bytes */
		return 0;
	}
	bytes = files_read(path, IMAGE_MAX, &size, error, error_size);
	if (!bytes) {
		return -1;
	}
	p256_sha256(bytes, size, digest);
	free(bytes);
	return 0;
}

static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f) {
			return false;
		}
	}
	return true;
}

static int fill(struct corbel_owner_manifest *manifest, const struct manifest_input *input,
		char *error, size_t error_size)
{
	size_t label = strlen(input->label), cmdline = strlen(input->cmdline);

	memset(manifest, 0, sizeof(*manifest));
	if (label == 0 || label > LABEL_MAX || !is_plain(input->label)) {
		snprintf(error, error_size,
			 "label `%.80s': expected USER:ROLE:TYPE of 1 to %u characters without "
			 "blanks, like system_u:system_r:tenant.t",
			 input->label, LABEL_MAX);
		return -1;
	}
	if (cmdline > CMDLINE_MAX) {
		snprintf(error, error_size, "command line: %zu bytes, at most %u fit a request",
			 cmdline, CMDLINE_MAX);
		return -1;
	}
	for (size_t i = 0; i < cmdline; i++) {
		if ((unsigned char)input->cmdline[i] >= 0x80) {
			snprintf(error, error_size,
				 "command line: byte 0x%02x at %zu: expected ASCII",
				 (unsigned char)input->cmdline[i], i);
			return -1;
		}
	}
	memcpy(manifest->magic, CORBEL_OWNER_MAGIC, sizeof(manifest->magic));
	memcpy(manifest->label, input->label, label);
	manifest->min_policy = input->min_policy;
	manifest->min_builder = input->min_builder;
	p256_sha256(input->cmdline, cmdline, manifest->cmdline);
	if (digest_file(input->kernel, manifest->kernel, error, error_size)) {
		return -1;
	}
	return digest_file(input->initrd, manifest->initrd, error, error_size);
}

int manifest_make(struct corbel_owner_manifest *manifest, const struct manifest_input *input,
		  const struct p256_key *key, char *error, size_t error_size)
{
	if (fill(manifest, input, error, error_size)) {
		return -1;
	}
	memcpy(manifest->key, key->point, sizeof(manifest->key));
	if (p256_sign(key, manifest, CORBEL_OWNER_SIGNED, manifest->signature)) {
		snprintf(error, error_size, "the key cannot sign");
		return -1;
	}
	return 0;
}

int manifest_read(struct corbel_owner_manifest *manifest, const char *path, char *error,
		  size_t error_size)
{
	size_t size = 0;
	uint8_t *bytes = files_read(path, 1 << 20, &size, error, error_size);

	if (!bytes) {
		return -1;
	}
	if (size != sizeof(*manifest) || memcmp(bytes, CORBEL_OWNER_MAGIC, 8) != 0) {
		snprintf(error, error_size,
			 "%s: not an owner manifest (expected %zu bytes that begin with %s)", path,
			 sizeof(*manifest), CORBEL_OWNER_MAGIC);
		free(bytes);
		return -1;
	}
	memcpy(manifest, bytes, sizeof(*manifest));
	free(bytes);
	if (manifest->pad != 0) {
		snprintf(error, error_size, "%s: not an owner manifest (its padding is not zero)",
			 path);
		return -1;
	}
	if (memchr(manifest->label, '\0', sizeof(manifest->label)) == NULL ||
	    !is_plain(manifest->label)) {
		snprintf(error, error_size, "%s: the label is not text that ends with a NUL", path);
		return -1;
	}
	return 0;
}

const char *manifest_compare(const struct corbel_owner_manifest *manifest,
			     const struct manifest_input *input, char *error, size_t error_size)
{
	struct corbel_owner_manifest now;

	if (fill(&now, input, error, error_size)) {
		return error;
	}
	error[0] = '\0';
	if (memcmp(now.kernel, manifest->kernel, sizeof(now.kernel)) != 0) {
		return "the kernel is another file than the one signed";
	}
	if (memcmp(now.initrd, manifest->initrd, sizeof(now.initrd)) != 0) {
		return "the initrd is another file than the one signed";
	}
	if (memcmp(now.cmdline, manifest->cmdline, sizeof(now.cmdline)) != 0) {
		return "the command line is another one than the one signed";
	}
	if (memcmp(now.label, manifest->label, sizeof(now.label)) != 0) {
		return "the label is another one than the one signed";
	}
	return NULL;
}
