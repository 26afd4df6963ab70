/* SPDX-License-Identifier: MIT */
/*
 * The verdict as a page and as an object for programs: each row stands in the box of the drawing
 * that it belongs to, a box has the colour of its worst row, faults come first, and what programs
 * read is there or null.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "measured-boot/verify/verdict.h"

static struct verdict v;
static char *text;

static int nothing(void **state)
{
	(void)state;
	verdict_free(&v);
	memset(&v, 0, sizeof(v));
	free(text);
	text = NULL;
	return 0;
}

static void row(const char *component, enum row_result result)
{
	verdict_add(&v, component, result, NULL, NULL, "m");
}

static void write_page(void)
{
	size_t length;
	FILE *out;

	free(text);
	out = open_memstream(&text, &length);
	verdict_close(&v);
	verdict_html(&v, "title", out);
	fclose(out);
}

static void write_object(void)
{
	size_t length;
	FILE *out;

	free(text);
	out = open_memstream(&text, &length);
	verdict_close(&v);
	verdict_json(&v, out);
	fclose(out);
}

static size_t times(const char *what)
{
	size_t count = 0;

	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what)) {
		count++;
	}
	return count;
}

static void has(const char *what)
{
	if (!strstr(text, what)) {
		fail_msg("not there: %s, but:\n%s", what, text);
	}
}

/* ---- the page ----------------------------------------------------------------------------- */

/* The box with this title has this colour, and these words at its foot. */
static void box_is(const char *title, const char *colour, const char *foot)
{
	char found[96], words[96];
	const char *at, *box;

	snprintf(found, sizeof(found), ">%s</text>", title);
	at = strstr(text, found);
	assert_non_null(at);
	for (box = at; strncmp(box, "<g class=", 9) != 0; box--) {
		assert_true(box > text);
	}
	snprintf(words, sizeof(words), "<g class=\"%s\">", colour);
	assert_ptr_equal(strstr(box, words), box);
	snprintf(words, sizeof(words), ">%s</text></g>", foot);
	at = strstr(at, "class=\"r\"");
	assert_true(strstr(at, words) && strstr(at, words) < strstr(at, "</g>"));
}

/* In the table of all rows: this one under that heading. */
static void under(const char *heading, const char *component)
{
	char words[96];
	const char *group, *at, *next;

	snprintf(words, sizeof(words), "<td colspan=\"5\">%s</td>", heading);
	assert_int_equal(times(words), 1);
	group = strstr(text, words);
	snprintf(words, sizeof(words), "<td class=\"c\">%s</td>", component);
	at = strstr(group, words);
	next = strstr(group + 1, "<td colspan=\"5\">");
	assert_non_null(at);
	assert_true(!next || at < next);
}

static void boxes(void **state)
{
	(void)state;
	row("host.enrolled", ROW_ok);
	row("host.measured", ROW_ok);
	row("limits.hypervisor", ROW_ok);
	row("limits.revoked", ROW_ok);
	row("hypervisor", ROW_ok);
	row("hypervisor.cmdline", ROW_ok);
	row("ek.chain", ROW_ok);
	row("hypervisors", ROW_ok); /* no box has it: it is in the last one */
	write_page();
	under("Host and TPM", "host.enrolled");
	under("Host and TPM", "ek.chain");
	under("Hypervisor", "limits.hypervisor");
	under("Hypervisor", "hypervisor");
	under("Hypervisor", "hypervisor.cmdline");
	under("Launch log", "host.measured");
	under("Launch log", "limits.revoked");
	under("Report", "hypervisors");
	assert_int_equal(times("<td colspan=\"5\">"), 4);
	assert_int_equal(times("<tr class=\"ok\">"), 8);
	box_is("Quote", "none", "not looked at");
	box_is("Hypervisor", "ok", "ok");
}

static void worst_row(void **state)
{
	static const enum row_result order[] = {ROW_note, ROW_ok, ROW_warning, ROW_missing,
						ROW_bad};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		for (size_t j = 0; j <= i; j++) {
			row("grub", order[i]);
			row("grub", order[j]);
			row("tenant.launch", order[j]);
			row("tenant.policy", order[i]);
			write_page();
			box_is("GRUB", row_word(order[i]), row_word(order[i]));
			box_is("Tenant", row_word(order[i]), row_word(order[i]));
			verdict_free(&v);
		}
	}
}

/* The chain is one line: to the right, down, and back to the left. */
static void arrows(void **state)
{
	static const char *const path[] = {
		"M197 49H233",  "M429 49H465",  "M661 49H697",  "M893 49H929",  "M1028 93V131",
		"M931 177H895", "M699 177H663", "M467 177H431", "M235 177H199",
	};

	(void)state;
	write_page();
	assert_int_equal(times("<path d=\"M"), 10); /* and that of the arrow's head */
	for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
		has(path[i]);
	}
}

static void fault_table(void **state)
{
	static const char head[] = "<h2>What failed or is missing</h2>";

	(void)state;
	row("grub", ROW_ok);
	row("plan", ROW_warning);
	write_page();
	assert_int_equal(times(head), 0);
	assert_int_equal(times("<table>"), 1);
	assert_int_equal(times("</table>"), 1);
	row("pcr17", ROW_bad);
	write_page();
	assert_int_equal(times(head), 1);
	assert_int_equal(times("<td class=\"c\">pcr17</td>"), 2);
	row("pcr18", ROW_missing);
	write_page();
	assert_int_equal(times(head), 1);
	assert_int_equal(times("<td class=\"c\">pcr17</td>"), 2);
	assert_int_equal(times("<td class=\"c\">pcr18</td>"), 2);
	assert_int_equal(times("<td class=\"c\">plan</td>"), 1);
	assert_int_equal(times("<td class=\"c\">grub</td>"), 1);
	assert_int_equal(times("<table>"), 2);
	assert_int_equal(times("</table>"), 2);
}

static void cells(void **state)
{
	(void)state;
	verdict_add(&v, "grub", ROW_ok, "e1", "e1", "m");
	verdict_add(&v, "grub", ROW_ok, "e2", "f2", "m");
	verdict_add(&v, "grub", ROW_ok, "e3", NULL, "m");
	verdict_add(&v, "grub", ROW_ok, NULL, "f4", "<&>\"'");
	write_page();
	has(">e1</td><td class=\"v\">the same</td>");
	has(">e2</td><td class=\"v\">f2</td>");
	has(">e3</td><td class=\"v\"></td>");
	has("></td><td class=\"v\">f4</td>");
	has("&lt;&amp;&gt;&quot;&#39;");
}

static void page_subject(void **state)
{
	(void)state;
	row("grub", ROW_ok);
	write_page();
	assert_int_equal(times("What was judged"), 0);
	v.about.host = true;
	write_page();
	has(">Launch record</td><td class=\"v\">no tenant judged<");
	has("nothing vouches for it");
	assert_int_equal(times("Evidence, SHA-256"), 0);
	v.about.tenant_asked = true;
	v.about.genuine = true;
	v.about.evidence = "e.json";
	v.about.input[0] = (struct verdict_input){.file = "roots.pem"};
	v.about.inputs = 1;
	write_page();
	has(">Launch record</td><td class=\"v\">none that is proved<");
	assert_int_equal(times("nothing vouches"), 0);
	has(">e.json</td>");
	has(">cannot be read</td><td class=\"v\">roots.pem<");
	v.about.tenant = true;
	v.about.launch_record = 5;
	v.about.input[0].read = true;
	write_page();
	has(">Launch record</td><td class=\"v\">5<");
	assert_int_equal(times("cannot be read"), 0);
}

/* ---- the object --------------------------------------------------------------------------- */

static void object_subject(void **state)
{
	(void)state;
	row("grub", ROW_ok);
	row("plan", ROW_bad);
	row("pcr17", ROW_bad);
	write_object();
	has("\"decided_by\": [\"plan\", \"pcr17\"],");
	assert_int_equal(times("launch_record"), 0);
	v.about.host = true;
	v.about.launch_record = 5;
	write_object();
	has("\"host\": null,");
	has("\"launch_record\": null,");
	has("\"evidence_sha256\": null,");
	has("\"inputs\": [],");
	v.about.tenant = true;
	v.about.evidence = "e.json";
	strcpy(v.about.host_name, "host-1");
	write_object();
	has("\"host\": \"host-1\",");
	has("\"launch_record\": 5,");
	has("\"evidence_sha256\": \"00");
}

/* Whatever is in a text, it is one of JSON's and does nothing to a terminal. */
static void object_texts(void **state)
{
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	verdict_json_error(" a\"b\\c\nd\x1f~\x7f\xC3", out);
	fclose(out);
	has("\"verdict\": \"cannot judge\",");
	has("\"error\": \" a\\\"b\\\\c?d?~??\"\n}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(boxes, nothing),
		cmocka_unit_test_teardown(worst_row, nothing),
		cmocka_unit_test_teardown(arrows, nothing),
		cmocka_unit_test_teardown(fault_table, nothing),
		cmocka_unit_test_teardown(cells, nothing),
		cmocka_unit_test_teardown(page_subject, nothing),
		cmocka_unit_test_teardown(object_subject, nothing),
		cmocka_unit_test_teardown(object_texts, nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
