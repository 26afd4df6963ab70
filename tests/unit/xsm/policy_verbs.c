/* SPDX-License-Identifier: MIT */
/*
 * What the verbs of corbel-policy stand on: signatures against a published vector, traces that are
 * damaged in any way, and the edges of a graph.  Reads xsm/policy, so it runs from the top folder.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "builder-domain/signature.h"
#include "tools/sign/manifest.h"
#include "xsm/tool/folder.h"
#include "xsm/tool/graph.h"
#include "tools/lib/p256.h"
#include "xsm/tool/propose.h"
#include "xsm/tool/trace.h"
#include "xsm/tool/words.h"

#define BASE "xsm/policy/base"

/* ---- signatures ----------------------------------------------------------------------------- */

/* RFC 6979, A.2.5: P-256, SHA-256, message "sample". */
static const uint8_t point[64] = {0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb,
				  0x74, 0xc6, 0x35, 0x6d, 0x68, 0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61,
				  0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6, 0x79,
				  0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc, 0x99, 0xa4, 0x1a, 0xe9, 0xe9,
				  0x56, 0x28, 0xbc, 0x64, 0xf2, 0xf1, 0xb2, 0x0c, 0x2d, 0x7e, 0x9f,
				  0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99};
static const uint8_t signature[64] = {
	0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8, 0xfd, 0x11, 0x40, 0xdd, 0x9c, 0xd4,
	0x5e, 0x81, 0xd6, 0x9d, 0x2c, 0x87, 0x7b, 0x56, 0xaa, 0xf9, 0x91, 0xc3, 0x4d,
	0x0e, 0xa8, 0x4e, 0xaf, 0x37, 0x16, 0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65, 0x7c,
	0x41, 0xd4, 0x36, 0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65, 0xf3, 0xe9, 0x00, 0xdb,
	0xb9, 0xaf, 0xf4, 0x06, 0x4d, 0xc4, 0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8};

static void signature_of_the_published_vector(void **state)
{
	(void)state;
	assert_true(p256_verify(point, "sample", 6, signature));
	assert_false(p256_verify(point, "sampl", 5, signature));
}

static void every_bit_of_key_and_signature_counts(void **state)
{
	uint8_t bad[64];

	(void)state;
	for (unsigned bit = 0; bit < 512; bit++) {
		memcpy(bad, signature, sizeof(bad));
		bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(p256_verify(point, "sample", 6, bad));
		memcpy(bad, point, sizeof(bad));
		bad[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(p256_verify(bad, "sample", 6, signature));
	}
}

static void zero_is_no_signature_and_no_key(void **state)
{
	const uint8_t zero[64] = {0};

	(void)state;
	assert_false(p256_verify(point, "sample", 6, zero));
	assert_false(p256_verify(zero, "sample", 6, signature));
	assert_false(p256_verify(zero, "sample", 6, zero));
}

/* Signed here by one library, verified there by another. */
static void the_builder_accepts_what_is_signed(void **state)
{
	char path[] = "/tmp/corbel-key.XXXXXX", error[256];
	const struct manifest_input input = {"/proc/self/exe", NULL, "quiet", "a:b:c", 7, 1};
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	for (unsigned round = 0; round < 32; round++) {
		EVP_PKEY *pkey = EVP_EC_gen("prime256v1");
		FILE *out = fopen(path, "w");
		struct corbel_owner_manifest m;
		struct p256_key key;
		uint8_t digest[32], known_by[32];

		assert_int_equal(PEM_write_PrivateKey(out, pkey, NULL, NULL, 0, NULL, NULL), 1);
		fclose(out);
		EVP_PKEY_free(pkey);
		assert_int_equal(p256_load(&key, path, true, error, sizeof(error)), 0);
		assert_int_equal(manifest_make(&m, &input, &key, error, sizeof(error)), 0);
		p256_sha256(&m, CORBEL_OWNER_SIGNED, digest);
		assert_int_equal(signature_is_valid(m.key, m.signature, digest), 1);
		key_digest(m.key, known_by);
		assert_memory_equal(known_by, key.digest, sizeof(known_by));
		digest[round] ^= 1;
		assert_int_equal(signature_is_valid(m.key, m.signature, digest), 0);
		p256_free(&key);
	}
	unlink(path);
}

/* ---- traces --------------------------------------------------------------------------------- */

static const char good_trace[] =
	"corbel-trace 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
	"# words\n"
	"denied lab.t lab.t same domain pause 2\n"
	"denied system_u:system_r:lab.t lab.t same domain pause 3\n"
	"denied tenant.t tenant.t apart grant map_read 7\n"
	"audited dom0.t tenant.t under domain destroy 1\n"
	"allowed dom0.t domain destroy 9223372036854775808\n"
	"allowed dom0.t domain destroy 9223372036854775808\n"
	"refused tenant.t event send 5\n";

struct fixture {
	struct policy lab;
	char path[32];
};

static int set_up(void **state)
{
	struct fixture *f = must_alloc(sizeof(*f));
	struct findings findings = {0};
	int fd;

	strcpy(f->path, "/tmp/corbel-trace.XXXXXX");
	fd = mkstemp(f->path);
	*state = f;
	if (fd < 0 || close(fd) != 0 || !policy_load(&f->lab, "xsm/policy/lab", BASE, &findings)) {
		findings_print(&findings, false);
		return -1;
	}
	findings_free(&findings);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	policy_free(&f->lab);
	unlink(f->path);
	free(f);
	return 0;
}

static void write_text(const struct fixture *f, const char *text, size_t size)
{
	FILE *out = fopen(f->path, "wb");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, size, out), size);
	assert_int_equal(fclose(out), 0);
}

static bool read_text(struct fixture *f, struct trace *trace, const char *text, size_t size)
{
	write_text(f, text, size);
	return trace_read(trace, f->path, &f->lab, false);
}

static void a_trace_is_added_up(void **state)
{
	struct fixture *f = *state;
	struct right pause = {.subject = (unsigned)policy_context(&f->lab, "lab.t"),
			      .cls = XSM_CLASS_domain,
			      .perm = XSM_PERM_domain_pause};
	struct trace trace;

	assert_true(read_text(f, &trace, good_trace, strlen(good_trace)));
	assert_int_equal(trace.count, 5);
	assert_int_equal(trace.digest[1], 0x11);
	assert_int_equal(trace_in_ring(&trace, TRACE_DENIED, &pause), 5);
	for (unsigned i = 0; i < trace.count; i++) {
		if (trace.item[i].kind == TRACE_ALLOWED) {
			assert_true(trace.item[i].count == UINT64_MAX); /* and not 0 */
			assert_int_equal(trace.item[i].line, 7);
		}
	}
	trace_free(&trace);
}

/* What the policy lacks is left out and counted once for each, unless the trace is its own. */
static void gaps_are_counted(void **state)
{
	static const char text[] =
		"corbel-trace 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
		"denied shop.t shop.t same domain pause 2\n"
		"allowed system_u:system_r:shop.t event send 1\n"
		"audited dom0.t shop.t under domain destroy 1\n"
		"audited dom0.t bank.t under domain destroy 1\n"
		"audited dom0.t lab.t apart domain destroy 1\n"
		"denied lab.t lab.t same domain pause 1\n";
	struct fixture *f = *state;
	struct trace trace;

	write_text(f, text, sizeof(text) - 1);
	assert_true(trace_read_gaps(&trace, f->path, &f->lab, NULL, false));
	assert_int_equal(trace.count, 1);
	assert_int_equal(trace.gaps, 3);
	assert_non_null(strstr(trace.gap[0].text, "shop.t is not a context"));
	assert_int_equal(trace.gap[0].lines, 3);
	assert_int_equal(trace.gap[0].line, 2);
	assert_int_equal(trace.gap[1].line, 5);
	assert_non_null(strstr(trace.gap[2].text, "`apart'"));
	trace_free(&trace);
	assert_int_equal(trace.gaps, 0);
}

/* Forms are found where they begin, and neither in comments nor in strings. */
static void forms_are_found(void **state)
{
	char text[] = "; (in a)\n(x \"(in b\" (inn c) (  ; (in d)\n in e) (in))\n";
	const struct source_file file = {.text = text, .size = sizeof(text) - 1};
	size_t name = 0, at = source_form(&file, "in", 0, &name);

	(void)state;
	assert_int_equal(source_line(&file, at), 2);
	assert_int_equal(source_line(&file, name), 3);
	assert_memory_equal(text + name, "in e", 4);
	at = source_form(&file, "in", at + 1, &name);
	assert_memory_equal(text + at, "(in))", 5);
	assert_int_equal(name, at + 1);
	assert_int_equal(source_form(&file, "in", at + 1, NULL), file.size);
}

/* Never a fault of memory (the sanitizers watch), and nothing that cannot occur gets through. */
static void damaged_traces(void **state)
{
	struct fixture *f = *state;
	char text[sizeof(good_trace)];
	int screen = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	unsigned accepted = 0;

	assert_true(dup2(nowhere, STDERR_FILENO) >= 0);
	srand(1);
	for (unsigned round = 0; round < 3000; round++) {
		size_t size = strlen(good_trace);
		struct trace trace;

		memcpy(text, good_trace, sizeof(text));
		for (int hits = 1 + rand() % 3; hits > 0; hits--) {
			text[(size_t)rand() % size] = (char)(' ' + rand() % 96);
		}
		if (rand() % 4 == 0) {
			size = (size_t)rand() % size;
		}
		write_text(f, text, size);
		if (rand() % 2 == 0 ? !trace_read(&trace, f->path, &f->lab, false)
				    : !trace_read_gaps(&trace, f->path, &f->lab, NULL, false)) {
			continue;
		}
		accepted++;
		for (unsigned i = 0; i < trace.count; i++) {
			const struct right *r = &trace.item[i].right;

			assert_true(trace.item[i].count > 0);
			assert_true(source_perm_name[r->cls][r->perm] != NULL);
			assert_true(trace.item[i].kind > TRACE_AUDITED ||
				    policy_occurs(&f->lab, r->subject, r->object, r->relation));
		}
		trace_free(&trace);
	}
	dup2(screen, STDERR_FILENO);
	close(screen);
	close(nowhere);
	assert_true(accepted > 0);
}

/* ---- learning ------------------------------------------------------------------------------- */

static void proposals_never_cross_the_floor(void **state)
{
	struct fixture *f = *state;
	struct proposals all;
	struct trace trace;
	unsigned promised = 0;

	assert_true(read_text(f, &trace, good_trace, strlen(good_trace)));
	proposals_make(&all, &trace, &f->lab, &f->lab);
	assert_int_equal(all.count, 2);
	assert_int_equal(all.extras, 0);
	for (unsigned i = 0; i < all.count; i++) {
		if (all.item[i].why == NULL) {
			fail_msg("proposed against an expect line");
		} else if (all.item[i].right.relation != XSM_RELATION_APART) {
			promised++;
			assert_int_equal(all.item[i].calls, 5);
			assert_null(policy_floor(&f->lab, &all.item[i].right));
			assert_non_null(strstr(all.item[i].why, "expect deny lab.t lab.t"));
		} else {
			assert_non_null(strstr(all.item[i].why, "the hypervisor refuses it"));
		}
	}
	assert_int_equal(promised, 1);
	proposals_free(&all);
	trace_free(&trace);
}

/* ---- graph ---------------------------------------------------------------------------------- */

static void edges_are_the_policy(void **state)
{
	struct fixture *f = *state;
	struct right right = RIGHT_START;
	struct graph g;

	graph_make(&g, &f->lab);
	while (right_next(&f->lab, &right)) {
		bool share = right.cls == XSM_CLASS_grant && right.perm == XSM_PERM_grant_map_read,
		     found = false;

		if (!share || !policy_allows(&f->lab, &right) ||
		    words_is_own(&f->lab, right.subject, right.object)) {
			continue;
		}
		for (unsigned i = 0; i < g.edges; i++) {
			found |= g.edge[i].subject == right.subject &&
				 g.edge[i].object == right.object &&
				 (g.edge[i].meanings & 1u << MEANING_SHARES) != 0;
		}
		assert_true(found);
	}
	for (unsigned i = 0; i < g.edges; i++) {
		assert_true(!g.edge[i].own_owner || policy_owned(&f->lab, g.edge[i].subject));
		assert_false(g.edge[i].meanings & 1u << MEANING_MAPS);
	}
	graph_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signature_of_the_published_vector),
		cmocka_unit_test(every_bit_of_key_and_signature_counts),
		cmocka_unit_test(zero_is_no_signature_and_no_key),
		cmocka_unit_test(the_builder_accepts_what_is_signed),
		cmocka_unit_test(a_trace_is_added_up),
		cmocka_unit_test(gaps_are_counted),
		cmocka_unit_test(forms_are_found),
		cmocka_unit_test(damaged_traces),
		cmocka_unit_test(proposals_never_cross_the_floor),
		cmocka_unit_test(edges_are_the_policy),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
