/* SPDX-License-Identifier: MIT */
/*
 * The list of enrolled hosts: which endorsement keys the verifier's owner has seen for himself, and
 * the one attestation key of each whose place in that TPM was proved.  The file is the verifier's;
 * nothing from a host gets into it but through admit().
 */
#include "measured-boot/verify/bootlog.h"
#include "measured-boot/verify/identity.h"
#include "measured-boot/verify/json.h"
#include "tools/lib/hex.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOSTS_FORMAT "corbel.hosts.1"
#define HOSTS_MAX    50000u

bool host_name_valid(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length <= HOST_NAME_MAX_LEN &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
		       length;
}

static void read_host(struct host *host, const struct json_node *item)
{
	struct json_node name;

	json_only(item, (const char *[]){"name", "ek_sha256", "ak_name", NULL});
	name = json_member(item, "name");
	snprintf(host->name, sizeof(host->name), "%s", json_text(name, HOST_NAME_MAX_LEN));
	if (json_ok(item->file) && !host_name_valid(host->name)) {
		json_fault(&name, "expected letters, digits, '.', '-' and '_'");
	}
	json_hex(json_member(item, "ek_sha256"), host->ek_sha256, sizeof(host->ek_sha256));
	json_hex(json_member(item, "ak_name"), host->ak_name, NAME_LEN);
}

bool hosts_read(struct verdict *verdict, const char *path, struct host_list *out, char error[256])
{
	struct json_file f;
	struct json_node root, hosts;
	bool good;

	*out = (struct host_list){0};
	if (json_open_input(verdict, &f, &root, path, JSON_FILE_MAX)) {
		json_format(&root, HOSTS_FORMAT);
		json_only(&root, (const char *[]){"format", "hosts", NULL});
		hosts = json_member(&root, "hosts");
		if (json_is_array(&hosts, HOSTS_MAX)) {
			out->count = json_count(&hosts);
			out->host = calloc(out->count + 1, sizeof(out->host[0]));
		}
		for (size_t i = 0; out->host && i < out->count && json_ok(&f); i++) {
			struct json_node item = json_item(&hosts, i);

			read_host(&out->host[i], &item);
		}
	}
	good = json_ok(&f);
	if (!good) {
		memcpy(error, f.error, sizeof(f.error));
		free(out->host);
		*out = (struct host_list){0};
	}
	json_close(&f);
	return good;
}

static bool write_list(FILE *file, const struct host_list *list)
{
	char ek[65], ak[2 * NAME_LEN + 1];

	fprintf(file, "{\n  \"format\": \"%s\",\n  \"hosts\": [", HOSTS_FORMAT);
	for (size_t i = 0; i < list->count; i++) {
		hex_encode(list->host[i].ek_sha256, 32, ek);
		hex_encode(list->host[i].ak_name, NAME_LEN, ak);
		fprintf(file,
			"%s\n    {\n      \"name\": \"%s\",\n      \"ek_sha256\": \"%s\",\n"
			"      \"ak_name\": \"%s\"\n    }",
			i ? "," : "", list->host[i].name, ek, ak);
	}
	fprintf(file, "%s]\n}\n", list->count ? "\n  " : "");
	return fflush(file) == 0 && !ferror(file) && fsync(fileno(file)) == 0;
}

bool hosts_write(const char *path, const struct host_list *list, char error[256])
{
	char temporary[4096];
	FILE *file = NULL;
	bool good = snprintf(temporary, sizeof(temporary), "%s.new", path) < (int)sizeof(temporary);

	errno = ENAMETOOLONG;
	if (good) {
		file = fopen(temporary, "we");
		good = file && write_list(file, list);
	}
	if (file && fclose(file) != 0) {
		good = false;
	}
	if (!good || rename(temporary, path) != 0) {
		int why = errno;
		char name[151];

		if (file) {
			unlink(temporary);
		}
		text_escape(path, strlen(path), name, sizeof(name));
		snprintf(error, 256, "%s: cannot be written: %s", name, strerror(why));
		return false;
	}
	return true;
}

void host_enrolled(struct judge *judge)
{
	struct host_list list;
	char error[256];
	size_t matches = 0;

	if (!judge->in->hosts || !hosts_read(judge->verdict, judge->in->hosts, &list, error)) {
		verdict_add(judge->verdict, "host.enrolled", ROW_missing,
			    "a list of enrolled hosts", NULL, "%s.",
			    judge->in->hosts ? error : "No list of enrolled hosts was given");
		return;
	}
	for (size_t i = 0; judge->ek_certificate && i < list.count; i++) {
		if (memcmp(list.host[i].ek_sha256, judge->ek_sha256, 32) == 0) {
			memcpy(judge->host_name, list.host[i].name, sizeof(judge->host_name));
			memcpy(judge->enrolled_ak, list.host[i].ak_name, NAME_LEN);
			matches++;
		}
	}
	free(list.host);
	if (matches == 1) {
		judge->enrolled = true;
		verdict_add(judge->verdict, "host.enrolled", ROW_ok, "an enrolled host",
			    judge->host_name,
			    "The endorsement key is the one that was enrolled for this host.");
	} else if (matches == 0) {
		verdict_add_digest(judge->verdict, "host.enrolled", ROW_missing, NULL,
				   judge->ek_certificate ? judge->ek_sha256 : NULL, 32,
				   "This endorsement key is not enrolled: it may be any TPM.");
	} else {
		verdict_add(judge->verdict, "host.enrolled", ROW_missing, "one entry",
			    judge->host_name, "%zu entries of the list have this endorsement key.",
			    matches);
	}
}
