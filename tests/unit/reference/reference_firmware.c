/* SPDX-License-Identifier: MIT */
/*
 * `corbel-reference firmware`, on logs made here by hand: which events a profile has and what it
 * says of each, what is told to him who signs, and each wrong input refused for its own reason.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include "reference/reference_call.h"
#include "measured-boot/reference/reference.h"
#include "tools/lib/hex.h"
#include "measured-boot/verify/described.h"
#include "measured-boot/verify/reference.h"

#define CALL(...)         call((const char *const[]){"firmware", __VA_ARGS__, NULL})
#define REFUSED(why, ...) call_refused(why, (const char *const[]){"firmware", __VA_ARGS__, NULL})

/* ---- the log ------------------------------------------------------------------------------ */

static struct {
	uint8_t byte[256 * 1024];
	size_t size;
	unsigned banks; /* 2: with SHA-384 */
	unsigned events;
	uint8_t pcr[24][32]; /* what it leads to */
	FILE *profile;       /* what it says */
	char *profile_text;
	size_t profile_size;
} log;

static void put(const void *bytes, size_t size)
{
	memcpy(log.byte + log.size, bytes, size);
	log.size += size;
}

static void put_number(uint64_t value, unsigned bytes)
{
	put(&value, bytes);
}

static void digests(const void *hashed, size_t size)
{
	uint8_t digest[48];

	put_number(0x000B, 2);
	put(SHA256(hashed, size, digest), 32);
	if (log.banks == 2) {
		put_number(0x000C, 2);
		put(SHA384(hashed, size, digest), 48);
	}
}

static void start_log(unsigned banks)
{
	log.size = log.events = 0;
	log.banks = banks;
	memset(log.pcr, 0, sizeof(log.pcr));
	put_number(0, 4);
	put_number(EV_NO_ACTION, 4);
	put_number(0, 8);
	put_number(0, 8);
	put_number(0, 4);
	put_number(24 + 4 + 4 * banks + 1, 4);
	put("Spec ID Event03\0\0\0\0\0\0\0\0\0", 24);
	put_number(banks, 4);
	put("\x0B\0\x20\0\x0C\0\x30\0", 4 * banks);
	put_number(0, 1);
	if (log.profile) {
		fclose(log.profile);
		free(log.profile_text);
	}
	log.profile = open_memstream(&log.profile_text, &log.profile_size);
}

static void expect_event(uint32_t pcr, uint32_t type, const void *hashed, size_t size,
			 const char *text)
{
	uint8_t digest[48];

	fprintf(log.profile,
		"%s\n    {\"pcr\": %u, \"type\": %u, \"sha256\": ", ftell(log.profile) ? "," : "",
		pcr, type);
	put_hex(log.profile, SHA256(hashed, size, digest), 32);
	if (log.banks == 2) {
		fputs(", \"sha384\": ", log.profile);
		put_hex(log.profile, SHA384(hashed, size, digest), 48);
	}
	fputs(", \"text\": ", log.profile);
	put_text(log.profile, text);
	fputc('}', log.profile);
}

/* What was measured need not be the data.  text: of it in a profile; NULL: it is not in it. */
static void event_of(uint32_t pcr, uint32_t type, const void *hashed, size_t hashed_size,
		     const void *data, size_t size, const char *text)
{
	uint8_t both[64];

	log.events++;
	put_number(pcr, 4);
	put_number(type, 4);
	put_number(log.banks, 4);
	digests(hashed, hashed_size);
	put_number(size, 4);
	put(data, size);
	if (type != EV_NO_ACTION) {
		memcpy(both, log.pcr[pcr], 32);
		SHA256(hashed, hashed_size, both + 32);
		SHA256(both, 64, log.pcr[pcr]);
	}
	if (text) {
		expect_event(pcr, type, hashed, hashed_size, text);
	}
}

static void event(uint32_t pcr, uint32_t type, const void *data, size_t size, const char *text)
{
	event_of(pcr, type, data, size, data, size, text);
}

/* UEFI_VARIABLE_DATA. */
struct variable {
	uint8_t guid[16];
	uint64_t characters, bytes;
	uint8_t more[64];
};

static size_t make_variable(struct variable *v, const char *name, const void *value, size_t size)
{
	uint8_t *end = v->more;

	memset(v, 0, sizeof(*v));
	v->characters = strlen(name);
	v->bytes = size;
	for (; *name; name++, end += 2) {
		*end = (uint8_t)*name;
	}
	memcpy(end, value, size);
	return (size_t)(end + size - (uint8_t *)v);
}

static void variable(uint32_t pcr, uint32_t type, const char *name, const void *value, size_t size,
		     const char *text)
{
	struct variable v;

	event(pcr, type, &v, make_variable(&v, name, value, size), text);
}

#define SETTING EV_EFI_VARIABLE_DRIVER_CONFIG
#define GRUB    EV_EFI_BOOT_SERVICES_APPLICATION

static void grub_event(void)
{
	event_of(4, GRUB, "grub", 4, "path", 4, NULL);
}

static void save_log(const char *name)
{
	save(name, log.byte, log.size);
}

/* ---- profiles ----------------------------------------------------------------------------- */

/* This file is the profile of the present log, with that name in it. */
static void assert_profile(const char *path, const char *name)
{
	static char text[CALL_TEXT];
	char *wanted;

	load(path, text);
	fflush(log.profile);
	assert_true(asprintf(&wanted,
			     "{\n  \"format\": \"corbel.firmware.1\",\n  \"name\": \"%s\",\n"
			     "  \"events\": [%s\n  ]\n}\n",
			     name, log.profile_text) > 0);
	assert_string_equal(text, wanted);
	free(wanted);
}

static void fill_log(void)
{
	static const uint8_t volume[16] = {0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 1};
	struct variable v;
	size_t size;

	event(0, EV_NO_ACTION, "remark", 6, NULL);
	event(0, EV_S_CRTM_VERSION, "V\0001\0\0\0X", 7, "V1");
	event(0, EV_S_CRTM_VERSION,
	      "V\0\0\1"
	      "1\0",
	      6, "V?1");
	event_of(0, EV_EFI_FIRMWARE_BLOB, "volume", 6, volume, 16,
		 "(unverified) firmware volume 0x800000+0x10000");
	event_of(0, EV_EFI_FIRMWARE_BLOB, "volume", 6, volume, 15,
		 "(unverified) 15 bytes of type 0x80000008");
	variable(7, SETTING, "SecureBoot", "\1", 1, "variable SecureBoot = 01");
	variable(7, SETTING, "Off", "", 1, "variable Off = 00");
	variable(7, SETTING, "Two", "\2", 1, "variable Two = 02");
	variable(7, SETTING, "PK", "", 0, "variable PK = 0 bytes");
	variable(7, SETTING, "Eight", "\1\2\3\4\5\6\7\10", 8,
		 "variable Eight = 01 02 03 04 05 06 07 08");
	variable(7, SETTING, "Nine", "123456789", 9, "variable Nine = 9 bytes");
	event(7, SETTING, "short", 5, "5 bytes of type 0x80000001");
	variable(7, EV_EFI_VARIABLE_AUTHORITY, "db", "\1", 1, "variable db = 01");
	size = make_variable(&v, "BootOrder", "\0\1", 2);
	event_of(1, EV_EFI_VARIABLE_BOOT, "\0\1", 2, &v, size,
		 "(name unverified) variable BootOrder = 00 01");
	event(1, EV_EFI_VARIABLE_BOOT, &v, size, "variable BootOrder = 00 01");
	event_of(2, GRUB, "driver", 6, "x", 1, "(unverified) 1 bytes of type 0x80000003");
	event(4, EV_EFI_ACTION, "Calling\n", 8, "Calling\\x0a");
	event(4, EV_SEPARATOR, "\0\0\0", 4, "separator");
	event_of(4, GRUB, "shim", 4, "x", 1, "(unverified) 1 bytes of type 0x80000003");
	grub_event();
	event(5, EV_EFI_ACTION, "Exit", 4, "Exit");
	variable(4, SETTING, "Late", "\1", 1, NULL);
	event_of(4, EV_EFI_ACTION, "x", 1, "not what was measured", 21, NULL);
	event_of(9, EV_EFI_ACTION, "x", 1, "not what was measured", 21, NULL);
	variable(8, SETTING, "Other", "\1", 1, NULL);
	event_of(2, GRUB, "late driver", 11, "x", 1, "(unverified) 1 bytes of type 0x80000003");
}

static void profile(void **state)
{
	(void)state;
	for (unsigned banks = 1; banks <= 2; banks++) {
		start_log(banks);
		fill_log();
		save_log("full");
		save("p.sig", "old", 3);
		assert_int_equal(CALL("full", "-o", "p"), STATUS_yes);
		assert_string_equal(written, "");
		assert_profile("p", "firmware");
		assert_int_equal(access("p.sig", F_OK), -1);
	}
	/* What he who signs is told. */
	assert_string_equal(
		said,
		"corbel-reference: warning: event 6: variable SecureBoot = 01 (on)\n"
		"corbel-reference: warning: event 7: variable Off = 00 (off)\n"
		"corbel-reference: warning: event 8: variable Two = 02\n"
		"corbel-reference: warning: event 9: variable PK = 0 bytes\n"
		"corbel-reference: warning: event 10: variable Eight = 01 02 03 04 05 06 07 08\n"
		"corbel-reference: warning: event 11: variable Nine = 9 bytes\n"
		"corbel-reference: warning: p is not signed: a verifier refuses it (--key "
		"KEY.pem)\n"
		"corbel-reference: warning: a profile says what this host's firmware did, not "
		"that it is good: capture it out of band, on a host that is known to be good\n");
}

/* The file "log", of which nothing need be said. */
static void plain_log(void)
{
	start_log(2);
	event(0, EV_SEPARATOR, "\0\0\0", 4, "separator");
	grub_event();
	save_log("log");
}

static void signature(void **state)
{
	static char text[CALL_TEXT], sig[CALL_TEXT];
	size_t size, length;
	FILE *file = fopen("key.pem", "r");
	EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	(void)state;
	fclose(file);
	plain_log();
	assert_int_equal(CALL("log", "-o", "p", "--key", "key.pem", "--name", "n"), STATUS_yes);
	assert_null(strstr(said, "not signed"));
	assert_profile("p", "n");
	size = load("p", text);
	length = load("p.sig", sig);
	assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestVerify(context, (uint8_t *)sig, length, (uint8_t *)text, size),
			 1);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	/* No signature, no profile. */
	unlink("p");
	REFUSED("public.pem: ", "log", "-o", "p", "--key", "public.pem");
	REFUSED("none.pem: ", "log", "-o", "p", "--key", "none.pem");
	assert_int_equal(access("p", F_OK), -1);
	REFUSED("/none/p.sig: ", "log", "-o", "/none/p", "--key", "key.pem");
	shell("mkdir d");
	REFUSED("d: Is a directory", "log", "-o", "d", "--key", "key.pem");
}

/* What is written must not take an input's place. */
static void inputs(void **state)
{
	(void)state;
	plain_log();
	save_log("log.sig");
	assert_int_equal(CALL("log.sig", "-o", "log"), STATUS_bad);
	assert_non_null(strstr(said, "log.sig: is an input, and would be removed"));
	REFUSED("log.sig: is an input, and would be replaced", "log.sig", "-o", "log", "--key",
		"key.pem");
	assert_int_equal(access("log.sig", F_OK), 0);
	unlink("log.sig");
	REFUSED("-o ./log would replace an input", "log", "-o", "./log");
	REFUSED("-o ./key.pem would replace an input", "log", "-o", "./key.pem", "--key",
		"key.pem");
}

static void wrong_logs(void **state)
{
	(void)state;
	REFUSED("none: No such file", "none", "-o", "p");
	save("log", "", 0);
	REFUSED("log: is empty", "log", "-o", "p");
	save("log", "no log", 6);
	REFUSED("log: event 0 at byte 0: cut short", "log", "-o", "p");
	start_log(2);
	event(0, EV_SEPARATOR, "\0\0\0", 4, NULL);
	event(4, EV_SEPARATOR, "\0\0\0", 4, NULL);
	event_of(2, GRUB, "driver", 6, "x", 1, NULL);
	save_log("log");
	REFUSED("log: PCR 4: expected the event of a boot loader (type 0x80000003)", "log", "-o",
		"p");
	/* somebody edited its text */
	start_log(2);
	event_of(7, SETTING, "SecureBoot is off", 17, "SecureBoot is on", 16, NULL);
	grub_event();
	save_log("log");
	REFUSED("log: event 1 (PCR 7, type 0x80000001): its text is not what was measured", "log",
		"-o", "p");
	assert_int_equal(access("p", F_OK), -1);
}

/* As many events as a verifier reads. */
static void length(void **state)
{
	(void)state;
	for (unsigned events = PROFILE_EVENTS_MAX; events <= PROFILE_EVENTS_MAX + 1; events++) {
		start_log(1);
		for (unsigned i = 0; i < events; i++) {
			event(0, EV_SEPARATOR, "\0\0\0", 4, NULL);
		}
		grub_event();
		event(9, EV_SEPARATOR, "\0\0\0", 4, NULL);
		save_log("log");
		if (events == PROFILE_EVENTS_MAX) {
			assert_int_equal(CALL("log", "-o", "p"), STATUS_yes);
		} else {
			REFUSED("log: 1001 events before the boot loader, and a profile has at "
				"most 1000",
				"log", "-o", "p");
		}
	}
}

/* ---- evidence ----------------------------------------------------------------------------- */

/* Of the present log; `start` before it; the values of the PCRs below `pcrs`, PCR `wrong`'s is not
 * the log's. */
static void save_evidence(const char *start, unsigned pcrs, unsigned wrong)
{
	static char text[sizeof(log.byte) * 2];
	FILE *out = fopen("e.json", "w");

	base64_encode(log.byte, log.size, text);
	fprintf(out,
		"%s{\"format\": \"corbel.evidence.1\", \"nonce\": \"%064d\",\n"
		"\"host\": {\"ek_certificate\": \"AAAA\", \"ak_public\": \"00\"},\n"
		"\"quote\": {\"attest\": \"00\", \"signature\": \"00\"},\n"
		"\"boot_log\": \"%s\", \"checkpoint\": \"%0368d\", \"records\": [],\n"
		"\"pcrs\": {",
		start, 0, text, 0);
	for (unsigned i = 0; i < pcrs; i++) {
		log.pcr[i][31] ^= i == wrong;
		fprintf(out, "%s\"%u\": ", i ? ", " : "", i);
		put_hex(out, log.pcr[i], 32);
		log.pcr[i][31] ^= i == wrong;
	}
	fputs("}}\n", out);
	fclose(out);
}

static void evidence(void **state)
{
	static const char *const start[] = {"", " ", "\n"};

	(void)state;
	plain_log();
	for (unsigned i = 0; i < 3; i++) {
		save_evidence(start[i], 8, 8);
		unlink("p");
		assert_int_equal(CALL("e.json", "-o", "p"), STATUS_yes);
		assert_profile("p", "firmware");
	}
	unlink("p");
	for (unsigned i = 0; i < 8; i++) {
		char why[64];

		save_evidence("", i, 8);
		snprintf(why, sizeof(why), "e.json: pcrs: expected a value of PCR %u", i);
		REFUSED(why, "e.json", "-o", "p");
		save_evidence("", 8, i);
		snprintf(why, sizeof(why), "boot_log: replays to another value of PCR %u", i);
		REFUSED(why, "e.json", "-o", "p");
	}
	log.size--;
	save_evidence("", 8, 8);
	REFUSED("e.json: boot_log: event 2 at byte ", "e.json", "-o", "p");
	save("e.json", "{}", 2);
	REFUSED("e.json: evidence: format: missing", "e.json", "-o", "p");
	assert_int_equal(access("p", F_OK), -1);
}

/* ---- words -------------------------------------------------------------------------------- */

static void usage(void **state)
{
	char text[4002];

	(void)state;
	plain_log();
	REFUSED("expected one log, not 0", "-o", "p");
	REFUSED("expected one log, not 2", "log", "log", "-o", "p");
	REFUSED("-o FILE is missing", "log");
	REFUSED("-o FILE is missing", "log", "-o", "-");
	memset(text, 'x', 4001);
	text[4001] = '\0';
	REFUSED("-o FILE is missing", "log", "-o", text);
	text[4000] = '\0';
	REFUSED("corbel-reference: xxxx", "log", "-o", text, "--key", "key.pem");
	text[64] = '\0';
	REFUSED("--name: expected 1 to 63 bytes", "log", "-o", "p", "--name", text);
	REFUSED("--name: expected 1 to 63 bytes", "log", "-o", "p", "--name", "");
	assert_int_equal(CALL("log", "-o", "p", "--name", "\xC3\xA9"), STATUS_bad);
	assert_non_null(strstr(said, "--name: byte 0xc3"));
	assert_int_equal(CALL("log", "-o", "p", "--what"), STATUS_bad);
	assert_non_null(strstr(said, "firmware: see the options below"));
	assert_int_equal(access("p", F_OK), -1);
	text[63] = '\0';
	assert_int_equal(CALL("log", "-o", "p", "--name", text), STATUS_yes);
	assert_profile("p", text);
}

static int setup(void **state)
{
	if (call_start(state) != 0) {
		return -1;
	}
	save_key();
	return 0;
}

static int teardown(void **state)
{
	fclose(log.profile);
	free(log.profile_text);
	return call_end(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(profile), cmocka_unit_test(signature),
		cmocka_unit_test(inputs),  cmocka_unit_test(wrong_logs),
		cmocka_unit_test(length),  cmocka_unit_test(evidence),
		cmocka_unit_test(usage),
	};

	return cmocka_run_group_tests_name("reference_firmware", tests, setup, teardown);
}
