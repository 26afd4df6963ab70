/* SPDX-License-Identifier: MIT */
/*
 * What a report binds: bytes from a file or from the command line, hashed together with the
 * verifier's nonce.  Pure but for the reading of one file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/hex.h"
#include "measured-boot/shared/sha2.h"
#include "tools/lib/files.h"
#include "tools/report/bind.h"

void bind_report(uint8_t data[CORBEL_REPORT_LEN], const uint8_t nonce[CORBEL_NONCE_LEN],
		 const void *bound, size_t size)
{
	static const char tag[] = CORBEL_REPORT_TAG; /* with its NUL */
	uint8_t digest[SHA256_LEN];
	struct sha2_ctx hash;

	sha256_init(&hash);
	sha256_update(&hash, bound, size);
	sha256_final(&hash, digest);
	sha256_init(&hash);
	sha256_update(&hash, tag, sizeof(tag));
	sha256_update(&hash, nonce, CORBEL_NONCE_LEN);
	sha256_update(&hash, digest, sizeof(digest));
	memcpy(data, nonce, CORBEL_NONCE_LEN);
	sha256_final(&hash, data + CORBEL_NONCE_LEN);
}

static bool is_hex(const char *text)
{
	size_t length = strlen(text);

	return length != 0 && length % 2 == 0 && strspn(text, "0123456789abcdefABCDEF") == length;
}

static uint8_t *read_file(const char *path, size_t *size, char error[256])
{
	uint8_t *bytes = malloc(BIND_MAX + 1);
	const char *why;
	FILE *in = files_open_argument(path, &why);

	*size = 0;
	if (bytes && in) {
		*size = fread(bytes, 1, BIND_MAX + 1, in);
	}
	if (!in) {
		snprintf(error, 256, "%.200s: %s", path, why);
	} else if (!bytes || ferror(in)) {
		snprintf(error, 256, "%.200s: cannot be read", path);
	} else if (*size == 0 || *size > BIND_MAX) {
		snprintf(error, 256, "%.200s: expected 1 to %u bytes", path, BIND_MAX);
	} else {
		fclose(in);
		return bytes;
	}
	if (in) {
		fclose(in);
	}
	free(bytes);
	return NULL;
}

uint8_t *bind_read(const char *word, size_t *size, char error[256])
{
	uint8_t *bytes;

	if (!is_hex(word)) {
		return read_file(word, size, error);
	}
	*size = strlen(word) / 2;
	bytes = malloc(*size);
	if (!bytes || !hex_decode(word, bytes, *size)) {
		snprintf(error, 256, "out of memory");
		free(bytes);
		return NULL;
	}
	return bytes;
}
