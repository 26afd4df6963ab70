/* SPDX-License-Identifier: MIT */
/*
 * `corbel-reference tenant`: what the launch record of a domain must say (abi/log.h).  The
 * configuration is read by the code of `corbel create`, so that both mean the same by it.
 */
#include "builder-domain/request.h"
#include "measured-boot/reference/reference.h"
#include "tools/corbel/config.h"
#include "tools/corbel/guest.h"
#include "tools/sign/manifest.h"
#include "tools/lib/files.h"
#include "tools/lib/p256.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IMAGE_MAX  (1ull << 32)
#define PAGE_SHIFT 12

const char help_tenant[] =
	"usage: corbel-reference tenant --config DOMAIN.cfg [KEY=VALUE...] [OWNER] [-o FILE]\n"
	"       corbel-reference tenant --kernel FILE [--initrd FILE] --cmdline TEXT --memory MIB\n"
	"                               --vcpus N --label USER:ROLE:TYPE [--name NAME] [OWNER]\n"
	"                               [-o FILE]\n"
	"       OWNER: --manifest FILE | --owner-key KEY.pem [--min-policy N]\n"
	"\n"
	"What the launch record of a domain says when it was started from these files with these\n"
	"values: for corbel-verify --expect.  A configuration is read as `corbel create` reads it;\n"
	"paths that are the host's are overridden by words like 'kernel=\"vmlinuz\"'.\n"
	"\n"
	"  --manifest FILE     the owner's manifest (corbel-sign): it must be signed for this domain.\n"
	"                      Default: the file that owner_manifest= of the configuration names\n"
	"  --owner-key FILE    the owner's key instead, private or public; --min-policy N is what was\n"
	"                      signed with it (corbel-sign --min-policy), default 0\n"
	"  -o FILE             where to write it; default: standard output\n"
	"\n"
	"Without OWNER the domain is expected to be nobody's.  A uuid is expected if the configuration\n"
	"has one.\n"
	"\n"
	"Examples:\n"
	"  corbel-reference tenant --config shop.cfg --manifest shop.manifest -o shop.expect.json\n"
	"  corbel-reference tenant --config shop.cfg 'kernel=\"vmlinuz\"' 'ramdisk=\"initrd\"'\n"
	"  corbel-reference tenant --kernel vmlinuz --cmdline 'console=hvc0' --memory 128 --vcpus 1 \\\n"
	"      --label system_u:system_r:tenant.t --owner-key owner.pem\n";

struct tenant {
	const char *config, *kernel, *initrd, *cmdline, *memory, *vcpus, *label, *name;
	const char *manifest, *key, *min_policy, *output;
	struct guest guest;
	uint8_t kernel_digest[32], initrd_digest[32], cmdline_digest[32], owner[32];
	bool owned;
	uint64_t policy;
};

/* ---- input -------------------------------------------------------------------------------- */

static bool read_config(struct tenant *t, int count, char **extra)
{
	struct config config;
	int ret;

	config_init(&config);
	ret = config_parse_file(&config, t->config);
	for (int i = 0; i < count && !ret; i++) {
		ret = config_parse(&config, "command line", extra[i], strlen(extra[i]));
	}
	if (!ret) {
		ret = guest_from_config(&t->guest, &config, stderr);
	}
	if (ret) {
		bad("%s", config.error);
	}
	config_free(&config);
	return !ret;
}

/* The same values as words of a configuration, so that one place checks them. */
static bool read_words(struct tenant *t)
{
	struct request *r = &t->guest.request;
	uint64_t memory, vcpus;

	if (!take_number("--memory", t->memory, 1048576, &memory) ||
	    !take_number("--vcpus", t->vcpus, CORBEL_MAX_VCPUS, &vcpus)) {
		return false;
	}
	if (memory < 4 || vcpus < 1) {
		return bad("%s: %s", memory < 4 ? "--memory" : "--vcpus",
			   memory < 4 ? "expected at least 4 MiB" : "expected at least 1");
	}
	if (strlen(t->label) >= sizeof(r->label) || !t->label[0]) {
		return bad("--label: expected USER:ROLE:TYPE of 1 to 63 bytes, not '%.80s'",
			   t->label);
	}
	if (strlen(t->cmdline) >= sizeof(r->cmdline)) {
		return bad("--cmdline: %zu bytes, at most 2047 fit a request", strlen(t->cmdline));
	}
	if (strlen(t->name) >= sizeof(r->name) || strlen(t->kernel) >= sizeof(t->guest.kernel) ||
	    strlen(t->initrd) >= sizeof(t->guest.ramdisk)) {
		return bad("--name, --kernel or --initrd: longer than %zu, 4095 and 4095 bytes",
			   sizeof(r->name) - 1);
	}
	r->memory_mib = (uint32_t)memory;
	r->vcpus = (uint32_t)vcpus;
	strcpy(r->name, t->name);
	strcpy(r->label, t->label);
	strcpy(r->cmdline, t->cmdline);
	strcpy(t->guest.kernel, t->kernel);
	strcpy(t->guest.ramdisk, t->initrd);
	return true;
}

static bool digest_file(const struct tenant *t, const char *key, const char *path,
			uint8_t digest[32])
{
	char error[512];
	size_t size = 0;
	void *bytes;

	if (!path[0]) {
		p256_sha256("", 0, digest); /* no initrd: of no bytes */
		return true;
	}
	bytes = files_read(path, IMAGE_MAX, &size, error, sizeof(error));
	if (!bytes) {
		bad("%s: %s", key, error);
		if (t->config && access(path, F_OK) != 0) {
			fprintf(stderr,
				"corbel-reference: where the file lies on this machine is said by "
				"a word behind the configuration: '%s=\"%s\"'\n",
				key, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
		}
		return false;
	}
	p256_sha256(bytes, size, digest);
	free(bytes);
	return true;
}

/* ---- the owner ---------------------------------------------------------------------------- */

static bool take_manifest(struct tenant *t, const char *path)
{
	struct corbel_owner_manifest m;
	char error[512], label[sizeof(m.label)] = "";
	const char *other = NULL;

	if (manifest_read(&m, path, error, sizeof(error)) != 0) {
		bad("%s", error);
		if (!t->manifest) {
			bad("which manifest is meant is said by --manifest FILE");
		}
		return false;
	}
	memcpy(label, t->guest.request.label, strlen(t->guest.request.label));
	if (!p256_verify(m.key, &m, CORBEL_OWNER_SIGNED, m.signature)) {
		return bad("%s: signature: is not of this key over these fields", path);
	}
	if (memcmp(m.kernel, t->kernel_digest, 32) != 0) {
		other = "kernel: signed for another file";
	} else if (memcmp(m.initrd, t->initrd_digest, 32) != 0) {
		other = "initrd: signed for another file";
	} else if (memcmp(m.cmdline, t->cmdline_digest, 32) != 0) {
		other = "cmdline: signed for another one";
	} else if (memcmp(m.label, label, sizeof(label)) != 0) {
		other = "label: signed for another one";
	}
	if (other) {
		return bad("%s: %s: the builder would refuse it", path, other);
	}
	p256_digest(m.key, t->owner);
	t->policy = m.min_policy;
	t->owned = true;
	return true;
}

static bool take_owner(struct tenant *t)
{
	struct p256_key key;
	char error[512];

	if (t->key) {
		if (p256_load(&key, t->key, false, error, sizeof(error)) != 0) {
			return bad("%s", error);
		}
		memcpy(t->owner, key.digest, sizeof(t->owner));
		p256_free(&key);
		t->owned = true;
		return !t->min_policy ||
		       take_number("--min-policy", t->min_policy, UINT64_MAX, &t->policy);
	}
	if (t->manifest) {
		return take_manifest(t, t->manifest);
	}
	return !t->guest.owner_manifest[0] || take_manifest(t, t->guest.owner_manifest);
}

/* ---- output ------------------------------------------------------------------------------- */

/* Without any the text is as it was before a domain could have some. */
static void put_devices(const struct device_list *devices, FILE *out)
{
	char text[DEVICE_TEXT];

	for (uint32_t i = 0; i < devices->count; i++) {
		device_format(devices->function[i], text);
		fprintf(out, "%s\"%s\"", i ? ", " : ",\n  \"devices\": [", text);
	}
	fputs(devices->count ? "]" : "", out);
}

static void write_json(const struct tenant *t, FILE *out)
{
	const struct request *r = &t->guest.request;
	char uuid[37] = "";

	if (t->guest.has_uuid) {
		uuid_format(r->uuid, uuid);
	}
	fputs("{\n  \"format\": \"corbel.expect.1\",\n  \"name\": ", out);
	put_text(out, r->name);
	fputs(",\n  \"kernel\": ", out);
	put_hex(out, t->kernel_digest, 32);
	fputs(",\n  \"initrd\": ", out);
	put_hex(out, t->initrd_digest, 32);
	fputs(",\n  \"cmdline\": ", out);
	put_text(out, r->cmdline);
	fputs(",\n  \"cmdline_sha256\": ", out);
	put_hex(out, t->cmdline_digest, 32);
	/* As builder-domain/build.c asks for it. */
	fprintf(out, ",\n  \"memory_pages\": %llu,\n  \"vcpus\": %u,\n  \"label\": ",
		(unsigned long long)r->memory_mib << (20 - PAGE_SHIFT), r->vcpus);
	put_text(out, r->label);
	fputs(",\n  \"owner\": ", out);
	put_hex(out, t->owner, t->owned ? 32 : 0);
	fprintf(out, ",\n  \"min_policy\": %llu,\n  \"uuid\": ", (unsigned long long)t->policy);
	put_text(out, uuid);
	put_devices(&r->devices, out);
	fputs("\n}\n", out);
}

static bool run(struct tenant *t, int count, char **extra)
{
	const struct request *r = &t->guest.request;
	struct document document;

	if (!(t->config ? read_config(t, count, extra) : read_words(t))) {
		return false;
	}
	if (!check_text("cmdline", r->cmdline) || !check_text("label", r->label) ||
	    !check_text("name", r->name) ||
	    !digest_file(t, "kernel", t->guest.kernel, t->kernel_digest) ||
	    !digest_file(t, "ramdisk", t->guest.ramdisk, t->initrd_digest)) {
		return false;
	}
	p256_sha256(r->cmdline, strlen(r->cmdline), t->cmdline_digest);
	if (!take_owner(t) || !document_open(&document)) {
		return false;
	}
	write_json(t, document.out);
	return document_close(&document, t->output);
}

static const char *missing(const struct tenant *t, int count)
{
	bool words = t->kernel || t->initrd || t->cmdline || t->memory || t->vcpus || t->label;

	if (t->manifest && t->key) {
		return "--manifest and --owner-key exclude each other";
	}
	if (t->min_policy && !t->key) {
		return "--min-policy goes with --owner-key only: a manifest has it inside";
	}
	if (t->config) {
		return words || t->name ? "--config says all but the owner already" : NULL;
	}
	if (count > 0) {
		return "KEY=VALUE goes with --config only";
	}
	if (!t->kernel) {
		return "--kernel is missing (or --config)";
	}
	if (!t->cmdline) {
		return "--cmdline is missing; --cmdline '' is an empty one";
	}
	if (!t->memory) {
		return "--memory is missing";
	}
	if (!t->vcpus) {
		return "--vcpus is missing";
	}
	if (!t->label) {
		return "--label is missing";
	}
	return t->kernel[0] ? NULL : "--kernel is empty";
}

/* Where the option's value goes; NULL: there is no such option. */
static const char **slot_of(struct tenant *t, int option)
{
	const struct {
		int option;
		const char **slot;
	} slots[] = {
		{'c', &t->config},   {'K', &t->kernel}, {'I', &t->initrd},     {'C', &t->cmdline},
		{'m', &t->memory},   {'v', &t->vcpus},  {'L', &t->label},      {'n', &t->name},
		{'M', &t->manifest}, {'k', &t->key},    {'p', &t->min_policy}, {'o', &t->output},
	};

	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		if (slots[i].option == option) {
			return slots[i].slot;
		}
	}
	return NULL;
}

int verb_tenant(int argc, char **argv)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"kernel", required_argument, NULL, 'K'},
		{"initrd", required_argument, NULL, 'I'},
		{"cmdline", required_argument, NULL, 'C'},
		{"memory", required_argument, NULL, 'm'},
		{"vcpus", required_argument, NULL, 'v'},
		{"label", required_argument, NULL, 'L'},
		{"name", required_argument, NULL, 'n'},
		{"manifest", required_argument, NULL, 'M'},
		{"owner-key", required_argument, NULL, 'k'},
		{"min-policy", required_argument, NULL, 'p'},
		{NULL, 0, NULL, 0},
	};
	static struct tenant t;
	const char *what;
	int option;

	while ((option = getopt_long(argc, argv, "o:", longs, NULL)) != -1) {
		const char **slot = slot_of(&t, option);

		if (!slot) {
			return usage_error(help_tenant, "tenant: see the options below");
		}
		if (*slot) {
			return usage_error(help_tenant, "tenant: an option is given twice: '%s'",
					   optarg);
		}
		*slot = optarg;
	}
	what = missing(&t, argc - optind);
	if (what) {
		return usage_error(help_tenant, "tenant: %s", what);
	}
	t.kernel = t.kernel ? t.kernel : "";
	t.initrd = t.initrd ? t.initrd : "";
	t.name = t.name ? t.name : "tenant";
	return run(&t, argc - optind, argv + optind) ? STATUS_yes : STATUS_bad;
}
