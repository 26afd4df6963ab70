/* SPDX-License-Identifier: MIT */
/*
 * corbel-unlock: both ends of the release of a secret.  In a tenant it makes a key pair and opens
 * an envelope; at the verifier it seals one.  Sealing asks no questions: corbel-release does, and
 * calls it only after a verdict.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/lib/hex.h"
#include "tools/report/bind.h"
#include "tools/report/envelope.h"

static const char usage[] =
	"usage: corbel-unlock key KEYFILE PUBLICFILE          makes a key pair (P-256)\n"
	"       corbel-unlock open KEYFILE NONCE ENVELOPE OUT writes the secret to OUT\n"
	"       corbel-unlock seal PUBLIC NONCE SECRETFILE    prints an envelope\n"
	"\n"
	"NONCE is the verifier's, 64 hex digits; PUBLIC and ENVELOPE are files, or their bytes in\n"
	"hex.  KEYFILE and OUT must not exist yet; only their owner can read them.\n"
	"\n"
	"Exit status: 0 done; 1 the envelope is not for this key and nonce, or a file cannot be\n"
	"written; 2 wrong usage or input.\n";

static int complain(int status, const char *what)
{
	fprintf(stderr, "corbel-unlock: %s\n", what);
	return status;
}

static int write_new(const char *path, mode_t mode, const uint8_t *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	bool good = false;
	char error[256];

	if (fd >= 0) {
		errno = ENOSPC; /* of a short write, which sets none */
		good = write(fd, bytes, size) == (ssize_t)size;
		good = !close(fd) && good;
	}
	if (!good) {
		snprintf(error, sizeof(error), "%.200s: %s", path, strerror(errno));
		if (fd >= 0) {
			unlink(path); /* it was made here */
		}
		return complain(1, error);
	}
	return 0;
}

static int make_key(char **word)
{
	uint8_t key[ENVELOPE_KEY_LEN], public_key[ENVELOPE_PUBLIC_LEN];
	int status;

	if (!envelope_key(key, public_key)) {
		return complain(1, "the kernel gives no random numbers");
	}
	status = write_new(word[0], 0600, key, sizeof(key));
	explicit_bzero(key, sizeof(key));
	if (!status) {
		status = write_new(word[1], 0644, public_key, sizeof(public_key));
		if (status) {
			unlink(word[0]); /* a half pair would stand in the way of the next try */
		}
	}
	return status;
}

/* The bytes of a word or file, of a size within bounds; NULL after a complaint. */
static uint8_t *take(const char *word, size_t least, size_t most, size_t *size)
{
	char error[256];
	uint8_t *bytes = bind_read(word, size, error);

	if (bytes && (*size < least || *size > most)) {
		snprintf(error, sizeof(error), "%.100s: expected %zu to %zu bytes, %zu found", word,
			 least, most, *size);
		free(bytes);
		bytes = NULL;
	}
	if (!bytes) {
		complain(2, error);
	}
	return bytes;
}

static int open_envelope(char **word)
{
	uint8_t nonce[ENVELOPE_NONCE_LEN], secret[ENVELOPE_SECRET_MAX];
	uint8_t *key, *envelope = NULL;
	size_t size;
	int status = 2;

	if (!hex_decode(word[1], nonce, sizeof(nonce))) {
		return complain(2, "NONCE: expected 64 hex digits");
	}
	key = take(word[0], ENVELOPE_KEY_LEN, ENVELOPE_KEY_LEN, &size);
	if (key) {
		envelope = take(word[2], ENVELOPE_OVERHEAD + 1, ENVELOPE_MAX, &size);
	}
	if (envelope) {
		size = envelope_open(secret, key, nonce, envelope, size);
		status = size ? write_new(word[3], 0600, secret, size)
			      : complain(1, "the envelope is not for this key and nonce, or was "
					    "changed");
		explicit_bzero(secret, sizeof(secret));
	}
	free(envelope);
	free(key);
	return status;
}

static int seal(char **word)
{
	uint8_t nonce[ENVELOPE_NONCE_LEN], out[ENVELOPE_MAX];
	uint8_t *public_key, *secret = NULL;
	char text[2 * ENVELOPE_MAX + 1];
	size_t size;
	int status = 2;

	if (!hex_decode(word[1], nonce, sizeof(nonce))) {
		return complain(2, "NONCE: expected 64 hex digits");
	}
	public_key = take(word[0], ENVELOPE_PUBLIC_LEN, ENVELOPE_PUBLIC_LEN, &size);
	if (public_key) {
		secret = take(word[2], 1, ENVELOPE_SECRET_MAX, &size);
	}
	if (secret) {
		size = envelope_seal(out, public_key, nonce, secret, size);
		hex_encode(out, size, text);
		status = 0;
		if (size == 0) {
			status = complain(2, "PUBLIC: expected a public key of P-256");
		} else if (puts(text) < 0 || fflush(stdout)) {
			status = complain(1, "the envelope could not be written");
		}
	}
	free(secret);
	free(public_key);
	return status;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int words;
		int (*run)(char **word);
	} verbs[] = {{"key", 2, make_key}, {"open", 4, open_envelope}, {"seal", 3, seal}};

	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name) == 0 && argc == 2 + verbs[i].words) {
			return verbs[i].run(argv + 2);
		}
	}
	fputs(usage, argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
	return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
}
