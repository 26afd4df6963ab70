/* SPDX-License-Identifier: MIT */
/*
 * Makes a blob of whatever names a policy.  The files come from anywhere: each is recognised by its
 * first bytes and checked as the hypervisor would.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <openssl/sha.h>
#include "tools/lib/files.h"
#include "xsm/tool/authored.h"
#include "xsm/tool/folder.h"
#include "xsm/tool/model.h"

static bool parse(struct policy *p, struct findings *findings)
{
	const char *why;

	if (xsm_policy_parse(&p->xsm, p->blob, p->size, &why) != 0) {
		find_bad_input(findings, p->path, 0, "%s", why);
		return false;
	}
	SHA256(p->blob, p->size, p->digest);
	p->type = must_alloc(p->xsm.contexts * sizeof(*p->type));
	p->is_self = must_alloc(p->xsm.contexts * sizeof(*p->is_self));
	for (unsigned i = 0; i < p->xsm.contexts; i++) {
		const char *name = p->xsm.names + p->xsm.context[i].name;
		const char *role = strchr(name, ':');
		const char *type = role != NULL ? strchr(role + 1, ':') : NULL;
		bool ambiguous = false;

		p->is_self[p->xsm.context[i].self] |= p->xsm.context[i].self != i;
		if (type != NULL) {
			policy_look_up(p, type + 1, &ambiguous);
		}
		p->type[i] = type == NULL || ambiguous ? name : type + 1;
	}
	return true;
}

/* Says what the lowering refuses, and in a folder where it is. */
static void add_refusal(const struct policy *p, const char *error, struct findings *findings)
{
	static const char *const cause[][2] = {
		{"dontaudit", "dontaudit"},
		{"permissive", "typepermissive"},
		{"booleans", "boolean"},
		{"labels devices", "iomemcon"},
		{"labels devices", "pirqcon"},
		{"labels devices", "ioportcon"},
		{"labels devices", "pcidevicecon"},
	};
	const struct source_file *file = NULL;
	unsigned line = 0;

	for (size_t i = 0; i < sizeof(cause) / sizeof(cause[0]) && file == NULL; i++) {
		if (p->folder != NULL && strstr(error, cause[i][0]) != NULL) {
			file = folder_keyword(p->folder, cause[i][1], &line);
		}
	}
	find_bad_input(findings, file != NULL ? file->path : p->path, file != NULL ? line : 0, "%s",
		       error);
}

static void take_sets(struct policy *p, const struct source *source)
{
	bool *has = must_alloc(source->contexts);
	const char *name;

	for (unsigned i = 0; (name = source_attribute(source, i, has)) != NULL; i++) {
		struct context_set set = {.has = has};

		if (*name == 0) {
			continue;
		}
		set.name = must_print("%s", name);
		p->set = must_realloc(p->set, (p->sets + 1) * sizeof(*p->set));
		p->set[p->sets++] = set;
		has = must_alloc(source->contexts);
	}
	free(has);
}

/* Lowers a policy that libsepol holds. */
static bool lower(struct policy *p, struct source *source, bool good, struct findings *findings)
{
	if (good) {
		p->blob = emit_blob(source, &p->size);
	}
	if (p->blob == NULL) {
		add_refusal(p, source->error, findings);
	} else {
		take_sets(p, source);
	}
	source_free(source);
	return p->blob != NULL && parse(p, findings);
}

bool policy_from_folder(struct policy *p, struct folder *folder, const char *extra, bool neverallow,
			struct findings *findings)
{
	struct source source = {0};
	sepol_policydb_t *policy;

	p->form = POLICY_FOLDER;
	policy = authored_compile(folder, extra, neverallow, findings);
	if (policy != NULL && p->keep_binary) {
		free(p->binary);
		p->binary = NULL;
		if (sepol_policydb_to_image(NULL, policy, &p->binary, &p->binary_size) != 0) {
			find(findings, p->path, 0, "the policydb cannot be written");
		}
	}
	return policy != NULL && lower(p, &source, source_use(&source, policy), findings);
}

static bool load_signed(struct policy *p, const uint8_t *bytes, size_t size,
			struct findings *findings)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	p->form = POLICY_SIGNED;
	if (size < sizeof(p->header)) {
		find_bad_input(findings, p->path, 0, "ends within the header of a signed policy");
		return false;
	}
	memcpy(&p->header, bytes, sizeof(p->header));
	bytes += sizeof(p->header);
	size -= sizeof(p->header);
	if (p->header.size != size) {
		find_bad_input(findings, p->path, 0,
			       "the signed header says %u bytes of policy, the file has %zu",
			       p->header.size, size);
		return false;
	}
	SHA256(bytes, size, digest);
	if (memcmp(digest, p->header.digest, sizeof(digest)) != 0) {
		find_bad_input(findings, p->path, 0, "the policy is not the one that was signed");
		return false;
	}
	p->blob = must_alloc(size); /* aligned, which bytes is not */
	memcpy(p->blob, bytes, size);
	p->size = size;
	return parse(p, findings);
}

static bool load_file(struct policy *p, struct findings *findings)
{
	static const uint8_t policydb_magic[4] = {0x8c, 0xff, 0x7c, 0xf9};
	const char *why;
	FILE *f = files_open_stream(p->path, &why);
	uint8_t *bytes;
	uint64_t magic = 0;
	size_t size;
	bool good;

	if (f == NULL) {
		find_bad_input(findings, p->path, 0, "cannot read: %s", why);
		return false;
	}
	bytes = must_alloc(POLICY_FILE_MAX + 1);
	size = fread(bytes, 1, POLICY_FILE_MAX + 1, f);
	fclose(f);
	memcpy(&magic, bytes, sizeof(magic));
	if (size > POLICY_FILE_MAX) {
		find_bad_input(findings, p->path, 0, "larger than %zu MiB, the most here",
			       POLICY_FILE_MAX >> 20);
	} else if (memcmp(bytes, CORBEL_SIGNED_MAGIC, 8) == 0) {
		good = load_signed(p, bytes, size, findings);
		free(bytes);
		return good;
	} else if (memcmp(bytes, policydb_magic, sizeof(policydb_magic)) == 0) {
		struct source source = {0};

		free(bytes);
		p->form = POLICY_BINARY;
		return lower(p, &source, source_read(&source, p->path), findings);
	} else if (magic == XSM_BLOB_MAGIC) {
		p->blob = must_realloc(bytes, size);
		p->size = size;
		return parse(p, findings);
	} else {
		find_bad_input(findings, p->path, 0,
			       "neither a blob, a signed policy nor a policydb; a folder of *.cil "
			       "files would do as well");
	}
	free(bytes);
	return false;
}

bool policy_load(struct policy *p, const char *path, const char *base, struct findings *findings)
{
	struct stat s;

	*p = (struct policy){.path = path};
	if (stat(path, &s) == 0 && S_ISDIR(s.st_mode)) {
		p->folder = must_alloc(sizeof(*p->folder));
		return folder_read(p->folder, path, base, findings) &&
		       policy_from_folder(p, p->folder, NULL, true, findings);
	}
	return load_file(p, findings);
}

bool policy_open(struct policy *p, const char *path, const struct arguments *arguments)
{
	struct findings findings = {0};
	bool good = policy_load(p, path, arguments->base, &findings);

	if (!good) {
		findings_print(&findings, arguments->json);
		policy_free(p);
	}
	findings_free(&findings);
	return good;
}

void policy_free(struct policy *p)
{
	if (p->folder != NULL) {
		folder_free(p->folder);
		free(p->folder);
	}
	free(p->blob);
	free(p->binary);
	for (unsigned i = 0; i < p->sets; i++) {
		free(p->set[i].name);
		free(p->set[i].has);
	}
	free(p->set);
	free(p->type);
	free(p->is_self);
	*p = (struct policy){0};
}
