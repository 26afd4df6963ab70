/* SPDX-License-Identifier: MIT */
/*
 * Reads the verifier's references and the firmware profile, whose signature it checks (ECDSA P-256
 * over SHA-256 of the file's bytes).  A fault in any of them is kept as a message: the verdict then
 * says that it could not judge, never that all is well.
 */
#include "measured-boot/verify/reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>

#include "measured-boot/verify/json.h"

static void *checked(void *memory)
{
	if (!memory) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	return memory;
}

static void copy_text(struct json_node node, char *out, size_t room)
{
	snprintf(out, room, "%s", json_text(node, room - 1));
}

static void read_component(const struct json_node *node, struct reference_file *file)
{
	struct reference_component c = {0};
	bool grub;

	if (!json_is_object(node)) {
		return;
	}
	json_only(node,
		  (const char *[]){"name", "pcr", "string", "size", "sha256", "sha384", NULL});
	copy_text(json_member(node, "name"), c.name, sizeof(c.name));
	grub = !strcmp(c.name, "grub");
	if (!grub && !reference_row(c.name)) {
		json_fault(node, "expected a component that Corbel boots, not '%s'", c.name);
	}
	c.pcr = json_number(json_member(node, "pcr"), 23);
	json_hex(json_member(node, "sha256"), c.sha256, 32);
	json_hex(json_member(node, "sha384"), c.sha384, 48);
	if (json_ok(node->file) && c.pcr != (grub ? 4 : 9)) {
		json_fault(node, "expected PCR %u for '%s'", grub ? 4 : 9, c.name);
	}
	if (grub) {
		file->grub = c;
		return;
	}
	if (file->count == COMPONENTS_MAX || reference_find(file, c.name)) {
		json_fault(node, "expected at most %u components, none twice", COMPONENTS_MAX);
		return;
	}
	c.size = json_number(json_member(node, "size"), UINT64_MAX / 2);
	c.string = checked(strdup(json_text(json_member(node, "string"), 4096)));
	file->component[file->count++] = c;
}

static void read_components(const struct json_node *array, struct reference_file *file)
{
	static const char *const needed[] = {"hypervisor", "policy", "builder", "plan", "kernel"};

	if (!json_is_array(array, COMPONENTS_MAX + 1)) {
		return;
	}
	for (size_t i = 0; i < json_count(array); i++) {
		struct json_node item = json_item(array, i);

		read_component(&item, file);
	}
	if (json_ok(array->file) && !file->grub.name[0]) {
		json_fault(array, "expected a component 'grub'");
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (json_ok(array->file) && !reference_find(file, needed[i])) {
			json_fault(array, "expected a component '%s'", needed[i]);
		}
	}
	if (json_ok(array->file) && strcmp(file->component[0].name, "hypervisor")) {
		json_fault(array, "expected the hypervisor to be the first file loaded");
	}
}

static void read_pcrs(const struct json_node *object, struct reference_file *file)
{
	static const char *const key[] = {"4", "8", "9", "17", "18", "19", NULL};

	if (!json_is_object(object)) {
		return;
	}
	json_only(object, key);
	for (unsigned i = 0; key[i]; i++) {
		struct json_node value;
		unsigned pcr = atoi(key[i]);

		/* PCR 4 holds the firmware's events too: a reference may leave it out. */
		if (pcr == 4 && !json_has(object, key[i])) {
			continue;
		}
		value = json_member(object, key[i]);
		if (!json_is_object(&value)) {
			return;
		}
		json_only(&value, (const char *[]){"sha256", "sha384", NULL});
		file->pcr[pcr].given = true;
		json_hex(json_member(&value, "sha256"), file->pcr[pcr].sha256, 32);
		json_hex(json_member(&value, "sha384"), file->pcr[pcr].sha384, 48);
	}
}

static void read_reference(struct verdict *verdict, const char *path, struct reference_file *file,
			   char error[256])
{
	struct json_file f;
	struct json_node root, node;

	file->path = path;
	if (json_open_input(verdict, &f, &root, path, JSON_FILE_MAX)) {
		json_format(&root, "corbel.reference.1");
		json_only(&root,
			  (const char *[]){"format", "name", "hypervisor_svn", "builder_svn",
					   "policy_serial", "components", "pcr", "dom0_cmdline",
					   "dom0_memory_pages", "dom0_vcpus", NULL});
		copy_text(json_member(&root, "name"), file->name, sizeof(file->name));
		file->hypervisor_svn =
			json_number(json_member(&root, "hypervisor_svn"), UINT32_MAX);
		file->builder_svn = json_number(json_member(&root, "builder_svn"), UINT32_MAX);
		file->policy_serial =
			json_number(json_member(&root, "policy_serial"), UINT64_MAX / 2);
		node = json_member(&root, "components");
		read_components(&node, file);
		node = json_member(&root, "pcr");
		read_pcrs(&node, file);
		file->dom0_cmdline =
			checked(strdup(json_text(json_member(&root, "dom0_cmdline"), 4096)));
		file->dom0_memory_pages =
			json_number(json_member(&root, "dom0_memory_pages"), UINT64_MAX / 2);
		file->dom0_vcpus = json_number(json_member(&root, "dom0_vcpus"), UINT32_MAX);
	}
	if (!json_ok(&f)) {
		snprintf(error, 256, "%s", f.error);
	}
	json_close(&f);
}

/* ---- firmware profile ---------------------------------------------------------------------- */

static void read_event(const struct json_node *node, struct profile_event *event)
{
	if (!json_is_object(node)) {
		return;
	}
	json_only(node, (const char *[]){"pcr", "type", "sha256", "sha384", "text", NULL});
	event->pcr = json_number(json_member(node, "pcr"), 7);
	event->type = json_number(json_member(node, "type"), UINT32_MAX);
	json_hex(json_member(node, "sha256"), event->sha256, 32);
	event->has_sha384 = json_has(node, "sha384");
	if (event->has_sha384) {
		json_hex(json_member(node, "sha384"), event->sha384, 48);
	}
	event->text = checked(strdup(json_text(json_member(node, "text"), 4096)));
}

static void read_profile(const struct json_node *root, struct reference *reference)
{
	struct json_node events;

	json_format(root, "corbel.firmware.1");
	json_only(root, (const char *[]){"format", "name", "events", NULL});
	copy_text(json_member(root, "name"), reference->profile_name,
		  sizeof(reference->profile_name));
	events = json_member(root, "events");
	if (!json_is_array(&events, PROFILE_EVENTS_MAX)) {
		return;
	}
	reference->event = checked(calloc(json_count(&events) + 1, sizeof(*reference->event)));
	for (size_t i = 0; i < json_count(&events) && json_ok(root->file); i++) {
		struct json_node item = json_item(&events, i);

		reference->event_count++;
		read_event(&item, &reference->event[i]);
	}
}

static bool is_p256(const EVP_PKEY *key)
{
	char group[sizeof(SN_X9_62_prime256v1)];
	size_t length;

	return EVP_PKEY_get_group_name(key, group, sizeof(group), &length) == 1 &&
	       strcmp(group, SN_X9_62_prime256v1) == 0;
}

/* One public key; a file with more is refused, for it does not say which is meant. */
static EVP_PKEY *read_key(struct verdict *verdict, const char *path, char error[256])
{
	struct bytes pem;
	EVP_PKEY *key = NULL, *second = NULL;
	BIO *bio;

	if (!input_read(verdict, path, 1u << 16, &pem, error)) {
		return NULL;
	}
	bio = BIO_new_mem_buf(pem.data, (int)pem.length);
	key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
	second = key ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
	if (!key || second || !is_p256(key)) {
		snprintf(error, 256, "%.150s: %s P-256 public key in PEM expected", path,
			 second ? "one" : "a");
		EVP_PKEY_free(key);
		key = NULL;
	}
	EVP_PKEY_free(second);
	BIO_free(bio);
	free(pem.data);
	return key;
}

/* Whether `path`.sig is this key's signature of these bytes. */
static bool signature_good(struct verdict *verdict, const struct verify_inputs *in,
			   const struct bytes *signedby, char error[256])
{
	char *sig_path = NULL;
	struct bytes sig = {0};
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY *key = read_key(verdict, in->firmware_key, error);
	bool good = false;

	if (asprintf(&sig_path, "%s.sig", in->firmware) < 0) {
		checked(NULL);
	}
	if (key && input_read(verdict, sig_path, 256, &sig, error)) {
		good = context &&
		       EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		       EVP_DigestVerify(context, sig.data, sig.length, signedby->data,
					signedby->length) == 1;
		if (!good) {
			snprintf(error, 256, "%s: not the signature of %s by the key in %s",
				 sig_path, in->firmware, in->firmware_key);
		}
	}
	free(sig.data);
	free(sig_path);
	EVP_PKEY_free(key);
	EVP_MD_CTX_free(context);
	return good;
}

static void profile_open(const struct verify_inputs *in, struct reference *reference,
			 struct verdict *verdict)
{
	struct json_file f;
	struct json_node root;

	if (!in->firmware_key) {
		snprintf(reference->profile_error, sizeof(reference->profile_error),
			 "%s: a key to verify its signature expected", in->firmware);
		return;
	}
	if (json_open_input(verdict, &f, &root, in->firmware, JSON_FILE_MAX)) {
		read_profile(&root, reference);
	}
	if (!json_ok(&f)) {
		snprintf(reference->profile_error, sizeof(reference->profile_error), "%s", f.error);
	} else {
		reference->profile = signature_good(verdict, in, &f.raw, reference->profile_error);
	}
	json_close(&f);
}

/* ---- all of it ------------------------------------------------------------------------------ */

struct reference *reference_read(const struct verify_inputs *in, struct verdict *verdict)
{
	struct reference *reference = checked(calloc(1, sizeof(*reference)));
	size_t count = 0;

	while (in->references && in->references[count]) {
		count++;
	}
	if (count > REFERENCES_MAX) {
		snprintf(reference->error, sizeof(reference->error),
			 "at most %u references expected", REFERENCES_MAX);
		count = 0;
	}
	if (!count && !reference->error[0]) {
		snprintf(reference->error, sizeof(reference->error), "no reference was given");
	}
	reference->file = checked(calloc(count + 1, sizeof(*reference->file)));
	reference->count = count;
	for (size_t i = 0; i < count && !reference->error[0]; i++) {
		read_reference(verdict, in->references[i], &reference->file[i], reference->error);
	}
	if (in->firmware) {
		profile_open(in, reference, verdict);
	}
	return reference;
}

void reference_free(struct reference *reference)
{
	if (!reference) {
		return;
	}
	for (size_t i = 0; i < reference->count; i++) {
		struct reference_file *file = &reference->file[i];

		for (size_t n = 0; n < file->count; n++) {
			free(file->component[n].string);
		}
		free(file->dom0_cmdline);
	}
	for (size_t i = 0; i < reference->event_count; i++) {
		free(reference->event[i].text);
	}
	free(reference->event);
	free(reference->file);
	free(reference);
}

const struct reference_component *reference_find(const struct reference_file *file,
						 const char *name)
{
	for (size_t i = 0; i < file->count; i++) {
		if (!strcmp(file->component[i].name, name)) {
			return &file->component[i];
		}
	}
	return NULL;
}

bool reference_policy(const struct reference *reference, const uint8_t digest[32])
{
	for (size_t i = 0; reference && !reference->error[0] && i < reference->count; i++) {
		const struct reference_component *policy =
			reference_find(&reference->file[i], "policy");

		if (policy && !memcmp(policy->sha256, digest, 32)) {
			return true;
		}
	}
	return false;
}
