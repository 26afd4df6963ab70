/* SPDX-License-Identifier: MIT */
/*
 * `policy load`: reads a signed policy, says what is plainly wrong with it, and has the builder
 * load it.  None of the checks here protects anything: builder and hypervisor make them again, and
 * the signature is the builder's to verify.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "measured-boot/shared/sha2.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/domains.h"
#include "tools/corbel/force.h"
#include "tools/corbel/json.h"
#include "tools/corbel/names.h"
#include "tools/corbel/policy.h"
#include "tools/corbel/reader.h"
#include "tools/corbel/session.h"
#include "tools/lib/files.h"

#define USUAL_CONFIRM 60
#define MOST_CONFIRM  3600

struct load {
	const char *path;
	bool check, revoke, keep, json, has_confirm;
	uint32_t confirm_s;
	int fd;
	struct corbel_signed_policy header;
	uint8_t file[sizeof(struct corbel_signed_policy) + CORBEL_POLICY_MAX]
		__attribute__((aligned(8)));
	struct session session;
	struct reader reader;
	int trace_error;
	uint64_t lost_before; /* records of before this session */
};

/* ---- the file ------------------------------------------------------------------------------ */

static int bad(const struct load *load, const char *what)
{
	tool_error(0, "%s: %s", load->path, what);
	return EXIT_USAGE;
}

static int check_blob(const struct load *load)
{
	const struct corbel_signed_policy *header = &load->header;
	const uint8_t *blob = load->file + sizeof(*header); /* 8-byte aligned, as its parser asks */
	uint8_t digest[CORBEL_DIGEST_LEN];
	struct xsm_policy policy;
	const char *why;
	char text[160];

	sha256(blob, header->size, digest);
	if (memcmp(digest, header->digest, sizeof(digest)) != 0) {
		return bad(load, "damaged: the policy does not have the digest that was signed");
	}
	if (!header->serial) {
		return bad(load, "serial 0 is the boot policy's");
	}
	if (header->flags & ~CORBEL_POLICY_NO_ROLLBACK) {
		snprintf(text, sizeof(text), "unknown flags 0x%x", header->flags);
		return bad(load, text);
	}
	if (xsm_policy_parse(&policy, blob, header->size, &why)) {
		return bad(load, why);
	}
	return EXIT_OK;
}

/* Leaves the file open for the session. */
static int read_signed(struct load *load)
{
	struct corbel_signed_policy *header = &load->header;
	struct stat status;
	const char *why;
	char text[160];
	ssize_t got;

	load->fd = files_open(load->path, &status, &why);
	if (load->fd < 0) {
		return bad(load, why);
	}
	got = pread(load->fd, load->file, sizeof(load->file), 0);
	if (got < 0) {
		return bad(load, strerror(errno));
	}
	memcpy(header, load->file, sizeof(*header));
	if ((size_t)got < sizeof(*header) ||
	    memcmp(header->magic, CORBEL_SIGNED_MAGIC, sizeof(header->magic)) != 0) {
		return bad(load, "not a signed policy (it does not begin with " CORBEL_SIGNED_MAGIC
				 "); `corbel-policy sign' makes one");
	}
	if (!header->size || header->size > CORBEL_POLICY_MAX) {
		snprintf(text, sizeof(text), "a policy has 1 to %u bytes, this one %u",
			 CORBEL_POLICY_MAX, header->size);
		return bad(load, text);
	}
	if ((uint64_t)status.st_size != sizeof(*header) + header->size) {
		snprintf(text, sizeof(text), "%llu bytes, but its header says %zu",
			 (unsigned long long)status.st_size, sizeof(*header) + header->size);
		return bad(load, text);
	}
	load->session.files[CORBEL_FILE_policy] = (struct session_file){
		.fd = load->fd,
		.size = (uint64_t)status.st_size,
		.path = load->path,
	};
	return check_blob(load);
}

/* ---- against what is in force -------------------------------------------------------------- */

static int refused(const struct load *load, const char *why)
{
	tool_error(0, "%s is refused: %s", load->path, why);
	return EXIT_ERROR;
}

static int check_host(const struct load *load)
{
	static const uint8_t none[CORBEL_DIGEST_LEN];
	const struct corbel_signed_policy *header = &load->header;
	uint8_t key[CORBEL_DIGEST_LEN];
	struct corbel_policy_info info;
	char text[320], digest[HEX_DIGEST];
	int ret = force_info(&info);

	if (ret < 0) { /* the builder and the hypervisor know it all */
		tool_call_error(ret, CALL_CORBEL(CORBEL_OP_policy_info),
				"cannot compare with the policy in force");
		return ret == -EPERM ? EXIT_OK : EXIT_ERROR;
	}
	if (!memcmp(info.key, none, sizeof(none)) && !memcmp(info.key[1], none, sizeof(none))) {
		return refused(load, "this host was booted without an operator key (policy-key=), "
				     "so it takes no policy");
	}
	policy_key_digest(header->key, key);
	if (memcmp(key, info.key[0], sizeof(key)) != 0 &&
	    memcmp(key, info.key[1], sizeof(key)) != 0) {
		hex_digest(key, digest);
		snprintf(text, sizeof(text), "signed by %s, which is no operator key of this host",
			 digest);
		return refused(load, text);
	}
	if (info.seconds_left) {
		snprintf(text, sizeof(text),
			 "serial %llu waits for its confirmation (%u s left): confirm it or roll "
			 "it back first",
			 (unsigned long long)info.serial, info.seconds_left);
		return refused(load, text);
	}
	if (header->serial <= info.serial) {
		snprintf(text, sizeof(text), "its serial %llu is not above %llu, which is in force",
			 (unsigned long long)header->serial, (unsigned long long)info.serial);
		return refused(load, text);
	}
	return EXIT_OK;
}

/* ---- what happened ------------------------------------------------------------------------- */

/* Of a load that revokes, what it has ended; else what it has found. */
static bool is_listed(const struct load *load, const struct corbel_trace *record)
{
	bool ended = load->revoke && !load->check;

	return record->kind == CORBEL_TRACE_standing && (record->result == 1) == ended;
}

/* Name and label of one end of a use. */
static void party(const struct load *load, size_t i, bool subject, char *name, size_t size,
		  char label[CORBEL_LABEL_LEN])
{
	const struct corbel_trace *record = &load->reader.rings.records[i];
	const struct xsm_policy *policy = reader_policy(&load->reader, i);
	uint16_t domid = subject ? record->subject : record->object;
	uint16_t context = subject ? record->subject_context : record->object_context;
	const char *known = reader_domain(&load->reader, domid);
	struct domain_identity identity = {.label = "-"};
	static struct domain_entry entry;

	if (domid == 0x7fff) {
		known = "hypervisor";
	}
	snprintf(name, size, "%s", known ? known : "-");
	if (policy && force_context(policy, context)) {
		snprintf(label, CORBEL_LABEL_LEN, "%s", force_context(policy, context));
	} else {
		if (!domains_get(domid, &entry)) {
			domain_identity(&entry, &identity);
		}
		snprintf(label, CORBEL_LABEL_LEN, "%s", identity.label);
	}
}

/* The console's page, or the store's: the two end together. */
static bool ends_console(const struct load *load, const struct corbel_trace *record)
{
	return (load->revoke || load->check) && record->subject == 0 &&
	       record->object >= CORBEL_DOMID_FIRST && record->object != 0x7fff &&
	       record->cls == XSM_CLASS_grant && record->perm == XSM_PERM_grant_map_ring;
}

static void print_use(struct load *load, size_t i, struct json *json)
{
	const struct corbel_trace *record = &load->reader.rings.records[i];
	char names[2][64], labels[2][CORBEL_LABEL_LEN], permission[64];
	bool revoked = record->result == 1;

	party(load, i, true, names[0], sizeof(names[0]), labels[0]);
	party(load, i, false, names[1], sizeof(names[1]), labels[1]);
	permission_name(record->cls, record->perm, permission, sizeof(permission));
	if (!json) {
		printf("  %u %s (%s) on %u %s (%s): %s, %llu, %s\n", record->subject, names[0],
		       labels[0], record->object, names[1], labels[1], permission,
		       (unsigned long long)record->arg, revoked ? "revoked" : "kept");
		if (ends_console(load, record)) {
			printf("    its console and its store connection end%s\n",
			       load->revoke ? "" : " with --revoke");
		}
		return;
	}
	json_open_map(json, NULL);
	json_number(json, "subject", record->subject);
	json_text(json, "subject_name", names[0]);
	json_text(json, "subject_label", labels[0]);
	json_number(json, "object", record->object);
	json_text(json, "object_name", names[1]);
	json_text(json, "object_label", labels[1]);
	json_text(json, "permission", permission);
	json_number(json, "uses", (long long)record->arg);
	json_bool(json, "revoked", revoked);
	json_close_map(json);
}

/* The records before the switch are of this session: no other can run at the same time. */
static void print_uses(struct load *load, struct json *json)
{
	const struct rings *rings = &load->reader.rings;

	for (size_t i = 0; !load->trace_error && i < rings->count; i++) {
		if (rings->records[i].kind == CORBEL_TRACE_policy) {
			break;
		}
		if (is_listed(load, &rings->records[i])) {
			print_use(load, i, json);
		}
	}
	if (load->trace_error) {
		tool_call_error(load->trace_error, CALL_CORBEL(CORBEL_OP_trace_read),
				"cannot list the standing uses");
	} else if (rings->lost > load->lost_before) {
		tool_error(0,
			   "the list may not be whole: the trace has lost %llu records meanwhile",
			   (unsigned long long)(rings->lost - load->lost_before));
	}
}

static bool stays(const struct load *load)
{
	return load->header.flags & CORBEL_POLICY_NO_ROLLBACK;
}

static void report_json(struct load *load, uint32_t seconds)
{
	struct json *json = json_new(true);

	json_open_map(json, NULL);
	json_bool(json, "switched", !load->check);
	json_hex(json, "digest", load->header.digest, CORBEL_DIGEST_LEN);
	json_number(json, "serial", (long long)load->header.serial);
	json_number(json, "standing", load->session.standing);
	json_number(json, "revoked", load->session.revoked);
	json_open_array(json, "uses");
	print_uses(load, json);
	json_close_array(json);
	json_number(json, "confirm_seconds", seconds);
	json_close_map(json);
	json_print(json);
}

static void report(struct load *load, uint32_t seconds)
{
	const struct corbel_signed_policy *header = &load->header;
	char digest[HEX_DIGEST];

	if (load->json) {
		report_json(load, seconds);
		return;
	}
	hex_digest(header->digest, digest);
	printf("standing uses that the new policy forbids: %u, of these revoked: %u\n",
	       load->session.standing, load->session.revoked);
	if (load->session.standing) {
		print_uses(load, NULL);
	}
	printf("policy %s, serial %llu, ", digest, (unsigned long long)header->serial);
	if (load->check) {
		printf("could be loaded; nothing was changed\n");
	} else if (stays(load)) {
		printf("is in force and stays\n");
	} else {
		printf("is in force\n"
		       "`%s policy confirm' within %u s keeps it; otherwise the policy before "
		       "returns\n",
		       tool.program, seconds);
	}
}

/* ---- the session --------------------------------------------------------------------------- */

/* A switch that the user did not want any more. */
static int undo(const struct load *load)
{
	int ret;

	if (load->check) {
		return tool_error(0, "interrupted; nothing was changed");
	}
	if (stays(load)) {
		return tool_error(0, "interrupted; the policy is in force and stays");
	}
	ret = policy_decide(false);
	if (ret < 0 && ret != -ENOENT) {
		return tool_call_error(ret, CALL_CORBEL(CORBEL_OP_policy_confirm),
				       "interrupted; the policy is in force until its time is "
				       "over, because it cannot be rolled back");
	}
	return tool_error(0, "interrupted; the policy before is in force again");
}

/* Seconds left to confirm; EXIT_ERROR when the hypervisor names another policy. */
static int look(const struct load *load, uint32_t *seconds)
{
	struct corbel_policy_info info;

	*seconds = load->check || stays(load) ? 0 : load->confirm_s;
	if (load->check || force_info(&info) < 0) {
		return EXIT_OK;
	}
	if (memcmp(info.digest, load->header.digest, sizeof(info.digest)) != 0) {
		return tool_error(0, "the policy was loaded, but is not in force any more");
	}
	*seconds = info.seconds_left;
	return EXIT_OK;
}

static int run(struct load *load)
{
	struct corbel_policy_request request = {
		.magic = CORBEL_POLICY_REQUEST_MAGIC,
		.size = (uint32_t)load->session.files[CORBEL_FILE_policy].size,
		.confirm_s = load->check || stays(load) ? 0 : load->confirm_s,
	};
	struct session *session = &load->session;
	uint32_t seconds;
	int code;

	if (load->check) { /* ends nothing, and lists what it finds */
		request.flags = CORBEL_POLICY_CHECK;
	} else if (load->revoke) {
		request.flags = CORBEL_POLICY_REVOKE;
	}
	load->trace_error = reader_read(&load->reader); /* so that the next read is of this */
	load->lost_before = load->reader.rings.lost;
	memcpy(session->request, &request, sizeof(request));
	session->request_size = sizeof(request);
	session->interrupted = session_catch_signals();
	if (session_run(session)) {
		return refused(load, session->reason);
	}
	if (*session->interrupted) {
		return undo(load);
	}
	if (!load->trace_error) {
		load->trace_error = reader_read(&load->reader);
	}
	code = look(load, &seconds);
	report(load, seconds);
	return code;
}

static int run_locked(struct load *load)
{
	int lock = session_lock("policy load"), code;

	if (lock < 0) {
		return EXIT_ERROR;
	}
	code = check_host(load);
	if (code == EXIT_OK) {
		code = run(load);
	}
	close(lock);
	reader_free(&load->reader);
	return code;
}

/* ---- options ------------------------------------------------------------------------------- */

static bool take_confirm(struct load *load, const char *text)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (*end || text[0] < '0' || text[0] > '9' || errno || !number || number > MOST_CONFIRM) {
		tool_error(0, "--confirm needs 1 to %u seconds, not `%s'", MOST_CONFIRM, text);
		return false;
	}
	load->confirm_s = (uint32_t)number;
	load->has_confirm = true;
	return true;
}

/* Returns false when something was wrong and has been said. */
static bool parse(int argc, char **argv, struct load *load)
{
	static const struct option longs[] = {
		{"check", no_argument, NULL, 'c'},         {"revoke", no_argument, NULL, 'r'},
		{"keep", no_argument, NULL, 'k'},          {"json", no_argument, NULL, 'J'},
		{"confirm", required_argument, NULL, 's'}, {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		load->check |= option == 'c';
		load->revoke |= option == 'r';
		load->keep |= option == 'k';
		load->json |= option == 'J';
		if (option == 's' && !take_confirm(load, optarg)) {
			return false;
		}
		if (option == '?') {
			policy_usage();
			return false;
		}
	}
	if (load->revoke && load->keep) {
		tool_error(0, "policy load: either --revoke or --keep");
		return false;
	}
	if (optind + 1 != argc) {
		tool_error(0, "policy load: one FILE is needed");
		policy_usage();
		return false;
	}
	load->path = argv[optind];
	return true;
}

int policy_load(int argc, char **argv)
{
	static struct load load;
	int code;

	memset(&load, 0, sizeof(load));
	session_init(&load.session, CORBEL_SESSION_POLICY);
	load.confirm_s = USUAL_CONFIRM;
	if (!parse(argc, argv, &load)) {
		return EXIT_USAGE;
	}
	code = read_signed(&load);
	if (code == EXIT_OK && load.has_confirm && (load.check || stays(&load))) {
		fprintf(stderr, "note: --confirm has no effect %s\n",
			load.check ? "with --check" : "on a policy signed as one that stays");
	}
	if (code == EXIT_OK) {
		code = run_locked(&load);
	}
	if (load.fd > 0) {
		close(load.fd);
	}
	return code;
}
