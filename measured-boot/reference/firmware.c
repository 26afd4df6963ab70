/* SPDX-License-Identifier: MIT */
/*
 * `corbel-reference firmware`: what a host's firmware does before GRUB, taken from the log of one
 * boot.  Nothing here can tell good firmware from bad: a profile is worth as much as what its maker
 * knows of that host in that hour, and he signs it.
 */
#include "measured-boot/verify/described.h"
#include "measured-boot/verify/reference.h"
#include "measured-boot/reference/reference.h"
#include "tools/lib/files.h"
#include "tools/lib/p256.h"
#include <getopt.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_ROOM      96u
#define DESCRIPTION    (TEXT_ROOM + 24u)
#define VALUE_SHOWN    8u /* bytes of a variable's value; of longer ones the size */
#define NAME_MAX_BYTES 63u

const char help_firmware[] =
	"usage: corbel-reference firmware EVIDENCE.json|BOOTLOG -o PROFILE.json [--name NAME]\n"
	"                                 [--key KEY.pem]\n"
	"\n"
	"Makes a profile of a host's firmware: all events of PCR 0-3 and 5-7, and those of PCR 4 before\n"
	"GRUB's, in order.  They depend on firmware version, settings, boot entries and whatever else\n"
	"that firmware measures (memory size, CPUs and devices may show, or not), so a profile is\n"
	"captured, not computed: out of band, on a host that is known to be good in that hour, by\n"
	"somebody who answers for it with his signature.  The input is evidence (corbel attest) or the\n"
	"log itself (corbel bootlog).\n"
	"\n"
	"Before it is signed, the firmware variables in it are shown (Secure Boot on or off).  Text that\n"
	"the digest beside it does not cover is marked (unverified): a host can write there what it likes.\n"
	"\n"
	"  -o FILE       the profile; its signature goes to FILE.sig\n"
	"  --key FILE    private P-256 key that signs it; without it there is no FILE.sig, and a\n"
	"                verifier refuses the profile\n"
	"  --name NAME   what a verdict calls it, up to 63 bytes; default: firmware\n"
	"\n"
	"A key pair, and the same signature with other tools:\n"
	"  openssl ecparam -name prime256v1 -genkey -noout -out profiles.pem\n"
	"  openssl ec -in profiles.pem -pubout -out profiles.pub.pem\n"
	"  openssl dgst -sha256 -sign profiles.pem -out ovmf.json.sig ovmf.json\n"
	"\n"
	"Examples:\n"
	"  corbel-reference firmware evidence.json --key profiles.pem --name ovmf -o ovmf.json\n"
	"  corbel-reference firmware boot.log --key profiles.pem -o ovmf.json\n";

static bool is_firmware(const struct bootlog *log, size_t i, size_t grub)
{
	const struct boot_event *event = &log->event[i];

	return event->type != EV_NO_ACTION && event->pcr <= 7 && (event->pcr != 4 || i < grub);
}

/* ---- what an event is, for people --------------------------------------------------------- */

static uint64_t number(const struct boot_event *event, size_t at)
{
	uint64_t value = 0;

	memcpy(&value, event->data + at, 8);
	return value;
}

/* UTF-16 of which only ASCII is kept. */
static void wide_text(const uint8_t *data, size_t size, char *out, size_t room)
{
	char narrow[TEXT_ROOM];
	size_t used = 0;

	while (size >= 2 && (data[0] || data[1]) && used < sizeof(narrow)) {
		narrow[used++] = data[1] ? '?' : (char)data[0];
		data += 2;
		size -= 2;
	}
	text_escape(narrow, used, out, room);
}

/* " = 01", or the size of what is long. */
static void value_text(const struct event_variable *variable, char *out, size_t room)
{
	size_t used = (size_t)snprintf(out, room, " =");

	if (!variable->value_size || variable->value_size > VALUE_SHOWN) {
		snprintf(out + used, room - used, " %zu bytes", variable->value_size);
		return;
	}
	for (size_t i = 0; i < variable->value_size; i++) {
		used += (size_t)snprintf(out + used, room - used, " %02x", variable->value[i]);
	}
}

static void variable_text(const struct event_variable *variable, char *out, size_t room)
{
	char value[TEXT_ROOM];
	size_t used = (size_t)snprintf(out, room, "variable ");

	value_text(variable, value, sizeof(value));
	wide_text(variable->name, variable->name_size, out + used, room - used);
	used = strlen(out);
	snprintf(out + used, room - used, "%s", value);
}

/* What the log says of the event. */
static void claim(const struct boot_event *event, char *out, size_t room)
{
	struct event_variable variable;

	if (event->type == EV_SEPARATOR) {
		snprintf(out, room, "separator");
	} else if (event->type == EV_S_CRTM_VERSION) {
		wide_text(event->data, event->size, out, room);
	} else if (event->type == EV_EFI_ACTION) {
		text_escape(event->data, event->size, out, room);
	} else if (event->type == EV_EFI_FIRMWARE_BLOB && event->size >= 16) {
		snprintf(out, room, "firmware volume 0x%llx+0x%llx",
			 (unsigned long long)number(event, 0),
			 (unsigned long long)number(event, 8));
	} else if (event_variable(event, &variable)) {
		variable_text(&variable, out, room);
	} else {
		snprintf(out, room, "%u bytes of type 0x%x", event->size, event->type);
	}
}

/* The same, and whether the digest is of it: he who signs must not take a host's word for its
 * digest. */
static void describe(const struct boot_event *event, char *out, size_t room)
{
	enum event_truth truth = event_truth(event);
	char text[TEXT_ROOM];

	claim(event, text, sizeof(text));
	if (truth == EVENT_true) {
		snprintf(out, room, "%s", text);
	} else if (truth == EVENT_value_true) {
		snprintf(out, room, "(name unverified) %s", text);
	} else {
		snprintf(out, room, "(unverified) %s", text);
	}
}

/* A digest that by its type is of the text, and is not: somebody edited the log. */
static bool check_texts(const char *path, const struct bootlog *log, size_t grub)
{
	for (size_t i = 0; i < log->count; i++) {
		if (is_firmware(log, i, grub) && event_truth(&log->event[i]) == EVENT_false) {
			return bad("%s: event %u (PCR %u, type 0x%x): its text is not what was "
				   "measured",
				   path, log->event[i].number, log->event[i].pcr,
				   log->event[i].type);
		}
	}
	return true;
}

static const char *switch_word(const struct event_variable *variable)
{
	if (variable->value_size != 1 || variable->value[0] > 1) {
		return "";
	}
	return variable->value[0] ? " (on)" : " (off)";
}

/* The firmware's settings that were measured, for him who signs: Secure Boot and its keys. */
static void show_variables(const struct bootlog *log, size_t grub)
{
	for (size_t i = 0; i < log->count; i++) {
		const struct boot_event *event = &log->event[i];
		struct event_variable variable;
		char text[DESCRIPTION];

		if (is_firmware(log, i, grub) && event->type == EV_EFI_VARIABLE_DRIVER_CONFIG &&
		    event_variable(event, &variable)) {
			describe(event, text, sizeof(text));
			warn("event %u: %s%s", event->number, text, switch_word(&variable));
		}
	}
}

/* ---- the log ------------------------------------------------------------------------------ */

/* Evidence has values beside its log: a log that does not lead to them is somebody's invention. */
static bool check_values(const char *path, const struct evidence *e, const struct bootlog *log)
{
	uint8_t pcr256[BOOTLOG_PCRS][32], pcr384[BOOTLOG_PCRS][48];

	bootlog_values(log, pcr256, pcr384);
	for (unsigned i = 0; i < 8; i++) {
		if (!(e->pcr_present & 1u << i)) {
			return bad("%s: pcrs: expected a value of PCR %u", path, i);
		}
		if (memcmp(e->pcr[i], pcr256[i], 32) != 0) {
			return bad(
				"%s: boot_log: replays to another value of PCR %u than is beside it",
				path, i);
		}
	}
	return true;
}

/* The log's bytes, which `log` refers to; freed by the caller. */
static uint8_t *read_log(const char *path, struct bootlog **log)
{
	char error[512] = "";
	size_t size = 0;
	uint8_t *bytes = files_read(path, EVIDENCE_MAX, &size, error, sizeof(error));
	struct evidence e;
	bool json = bytes && (bytes[0] == '{' || bytes[0] == ' ' || bytes[0] == '\n');

	*log = NULL;
	if (!bytes) {
		bad("%s", error);
		return NULL;
	}
	if (json) {
		if (!verify_evidence_read(&e, (const char *)bytes, size, error)) {
			bad("%s: %s", path, error);
			free(bytes);
			return NULL;
		}
		free(bytes);
		bytes = e.boot_log.data;
		size = e.boot_log.length;
		e.boot_log.data = NULL;
		e.boot_log.length = 0;
	}
	*log = bootlog_parse(bytes, size, error);
	if (!*log) {
		bad("%s: %s%s", path, json ? "boot_log: " : "", error);
	} else if (json && !check_values(path, &e, *log)) {
		bootlog_free(*log);
		*log = NULL;
	}
	if (json) {
		verify_evidence_free(&e);
	}
	return bytes;
}

/* Place of GRUB's event: the last application in PCR 4; 0: none. */
static size_t find_grub(const struct bootlog *log)
{
	size_t found = 0;

	for (size_t i = 0; i < log->count; i++) {
		if (log->event[i].pcr == 4 &&
		    log->event[i].type == EV_EFI_BOOT_SERVICES_APPLICATION) {
			found = i;
		}
	}
	return found;
}

/* ---- output ------------------------------------------------------------------------------- */

static void write_profile(const struct bootlog *log, size_t grub, const char *name, FILE *out)
{
	const char *comma = "";
	char text[DESCRIPTION];

	fputs("{\n  \"format\": \"corbel.firmware.1\",\n  \"name\": ", out);
	put_text(out, name);
	fputs(",\n  \"events\": [", out);
	for (size_t i = 0; i < log->count; i++) {
		const struct boot_event *event = &log->event[i];

		if (!is_firmware(log, i, grub)) {
			continue;
		}
		fprintf(out, "%s\n    {\"pcr\": %u, \"type\": %u, \"sha256\": ", comma, event->pcr,
			event->type);
		put_hex(out, event->sha256, 32);
		if (event->has_sha384) {
			fputs(", \"sha384\": ", out);
			put_hex(out, event->sha384, 48);
		}
		fputs(", \"text\": ", out);
		describe(event, text, sizeof(text));
		put_text(out, text);
		fputc('}', out);
		comma = ",";
	}
	fputs("\n  ]\n}\n", out);
}

/* DER, ECDSA on P-256 over SHA-256 of the file's bytes. */
static bool sign(const char *path, const char *key_path, const char *bytes, size_t size)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	char error[512], name[4096];
	uint8_t der[128];
	size_t length = sizeof(der);
	struct p256_key key;
	bool good;

	if (p256_load(&key, key_path, true, error, sizeof(error)) != 0) {
		EVP_MD_CTX_free(context);
		return bad("%s", error);
	}
	good = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key.handle) == 1 &&
	       EVP_DigestSign(context, der, &length, (const uint8_t *)bytes, size) == 1;
	EVP_MD_CTX_free(context);
	p256_free(&key);
	if (!good) {
		return bad("%s: the key cannot sign", key_path);
	}
	snprintf(name, sizeof(name), "%s.sig", path);
	return files_write(name, der, length, error, sizeof(error)) == 0 || bad("%s", error);
}

/* The signature first: a profile never lies beside an older one's. */
static bool write_files(const struct bootlog *log, size_t grub, const char *name, const char *path,
			const char *key)
{
	struct document d;
	char old[4096];

	if (!document_open(&d)) {
		return false;
	}
	write_profile(log, grub, name, d.out);
	fflush(d.out);
	snprintf(old, sizeof(old), "%s.sig", path);
	if (key && !sign(path, key, d.bytes, d.size)) {
		fclose(d.out);
		free(d.bytes);
		return false;
	}
	if (!key) {
		if (files_is_input(old)) {
			fclose(d.out);
			free(d.bytes);
			return bad("%s: is an input, and would be removed: no signature may lie "
				   "beside a profile that is not signed",
				   old);
		}
		remove(old);
		warn("%s is not signed: a verifier refuses it (--key KEY.pem)", path);
	}
	return document_close(&d, path);
}

/* A longer profile than a verifier reads would be found out there. */
static bool check_length(const char *input, const struct bootlog *log, size_t grub)
{
	unsigned count = 0;

	for (size_t i = 0; i < log->count; i++) {
		count += is_firmware(log, i, grub);
	}
	return count <= PROFILE_EVENTS_MAX ||
	       bad("%s: %u events before the boot loader, and a profile has at most %u", input,
		   count, PROFILE_EVENTS_MAX);
}

static bool run(const char *input, const char *name, const char *path, const char *key)
{
	struct bootlog *log;
	uint8_t *bytes = read_log(input, &log);
	size_t grub = log ? find_grub(log) : 0;
	bool good = false;

	if (log && !grub) {
		bad("%s: PCR 4: expected the event of a boot loader (type 0x%x)", input,
		    EV_EFI_BOOT_SERVICES_APPLICATION);
	} else if (log && check_texts(input, log, grub) && check_length(input, log, grub)) {
		show_variables(log, grub);
		good = write_files(log, grub, name, path, key);
	}
	if (good) {
		warn("a profile says what this host's firmware did, not that it is good: capture it "
		     "out of band, on a host that is known to be good");
	}
	bootlog_free(log);
	free(bytes);
	return good;
}

int verb_firmware(int argc, char **argv)
{
	static const struct option longs[] = {{"name", required_argument, NULL, 'n'},
					      {"key", required_argument, NULL, 'k'},
					      {NULL, 0, NULL, 0}};
	const char *name = "firmware", *output = NULL, *key = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "o:", longs, NULL)) != -1) {
		if (option == 'n') {
			name = optarg;
		} else if (option == 'k') {
			key = optarg;
		} else if (option == 'o') {
			output = optarg;
		} else {
			return usage_error(help_firmware, "firmware: see the options below");
		}
	}
	if (argc - optind != 1) {
		return usage_error(help_firmware, "firmware: expected one log, not %d",
				   argc - optind);
	}
	if (!output || strcmp(output, "-") == 0 || strlen(output) > 4000) {
		return usage_error(help_firmware,
				   "firmware: -o FILE is missing: the signature goes "
				   "beside it");
	}
	if (files_same(output, argv[optind]) || (key && files_same(output, key))) {
		return usage_error(help_firmware, "firmware: -o %s would replace an input", output);
	}
	if (!name[0] || strlen(name) > NAME_MAX_BYTES || !check_text("--name", name)) {
		return usage_error(help_firmware, "firmware: --name: expected 1 to 63 bytes");
	}
	return run(argv[optind], name, output, key) ? STATUS_yes : STATUS_bad;
}
