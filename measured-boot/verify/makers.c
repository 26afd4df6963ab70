/* SPDX-License-Identifier: MIT */
/*
 * Reads files of TPM makers' certificates: PEM, any number in one file, text between them.  A file
 * is read whole or refused: a certificate that cannot be read may be the very one that is needed,
 * and the message says which it is.
 */
#include "measured-boot/verify/identity.h"
#include "measured-boot/verify/json.h"
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define ROOTS_FILE_MAX (1u << 20)

struct pem_reader {
	const char *at, *end;
	unsigned line;  /* of `at`, from 1 */
	unsigned count; /* certificates begun */
};

/* The next line without its end; false: no more. */
static bool next_line(struct pem_reader *r, const char **text, size_t *length)
{
	const char *stop;

	if (r->at == r->end) {
		return false;
	}
	stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
	*text = r->at;
	*length = (size_t)((stop ? stop : r->end) - r->at);
	r->at = stop ? stop + 1 : r->end;
	r->line++;
	while (*length && strchr(" \t\r", (*text)[*length - 1])) {
		--*length;
	}
	return true;
}

static bool is_mark(const char *text, size_t length, const char *word)
{
	static const char *const kind[] = {"CERTIFICATE", "X509 CERTIFICATE",
					   "TRUSTED CERTIFICATE"};
	char mark[64];

	for (size_t i = 0; i < sizeof(kind) / sizeof(kind[0]); i++) {
		snprintf(mark, sizeof(mark), "-----%s %s-----", word, kind[i]);
		if (strlen(mark) == length && !memcmp(text, mark, length)) {
			return true;
		}
	}
	return false;
}

/* Moves behind the end mark of the certificate that began at `from`. */
static bool find_end(struct pem_reader *r)
{
	const char *text;
	size_t length;

	while (next_line(r, &text, &length)) {
		if (is_mark(text, length, "END")) {
			return true;
		}
		if (length >= 5 && !memcmp(text, "-----", 5)) {
			return false;
		}
	}
	return false;
}

static bool add_one(X509_STORE *store, const char *from, const char *to)
{
	BIO *bio = BIO_new_mem_buf(from, (int)(to - from));
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	bool good = certificate && X509_STORE_add_cert(store, certificate) == 1;

	X509_free(certificate);
	BIO_free(bio);
	return good;
}

static bool add_all(X509_STORE *store, const char *path, struct pem_reader *r, char error[256])
{
	const char *text;
	size_t length;

	while (next_line(r, &text, &length)) {
		unsigned line = r->line;

		if (length < 5 || memcmp(text, "-----", 5) != 0) {
			continue; /* what people write between certificates */
		}
		if (!is_mark(text, length, "BEGIN")) {
			snprintf(error, 256,
				 "%.150s: line %u: expected the beginning of a certificate", path,
				 line);
			return false;
		}
		r->count++;
		if (!find_end(r) || !add_one(store, text, r->at)) {
			snprintf(error, 256,
				 "%.150s: certificate %u, which begins in line %u, cannot be read",
				 path, r->count, line);
			return false;
		}
	}
	if (!r->count) {
		snprintf(error, 256, "%.150s: expected PEM certificates of TPM makers", path);
	}
	return r->count != 0;
}

static bool add_file(struct verdict *verdict, X509_STORE *store, const char *path, char error[256])
{
	struct pem_reader r = {0};
	struct bytes pem;
	bool good;

	if (!input_read(verdict, path, ROOTS_FILE_MAX, &pem, error)) {
		return false;
	}
	r.at = (const char *)pem.data;
	r.end = r.at + pem.length;
	good = add_all(store, path, &r, error);
	free(pem.data);
	return good;
}

X509_STORE *makers_load(struct verdict *verdict, const char *const *roots, char error[256])
{
	X509_STORE *store = X509_STORE_new();
	bool good = store && roots && roots[0];

	snprintf(error, 256, "No certificates of TPM makers were given");
	for (size_t i = 0; good && roots[i]; i++) {
		good = add_file(verdict, store, roots[i], error);
	}
	if (!good) {
		X509_STORE_free(store);
		store = NULL;
	}
	return store;
}
