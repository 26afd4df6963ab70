/* SPDX-License-Identifier: MIT */
/*
 * See xlutil.h.  libxlutil is linked statically; two symbols of libxenlight that only its parsers
 * of devices need stand here.
 */
#include <assert.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libxlutil.h>

#include "cli/xlutil.h"
#include "tools/corbel/config.h"

const char *__lsan_default_suppressions(void);

/* It forgets a value at a syntax error. */
const char *__lsan_default_suppressions(void)
{
	return "leak:xlu_";
}

void libxl_defbool_set(libxl_defbool *value, bool on)
{
	value->val = on ? 1 : -1;
}

int libxl_rdm_reserve_policy_from_string(const char *text, libxl_rdm_reserve_policy *policy)
{
	if (strcmp(text, "strict") != 0 && strcmp(text, "relaxed") != 0) {
		return -1;
	}
	*policy = LIBXL_RDM_RESERVE_POLICY_STRICT;
	return 0;
}

/* Some strings end it in an assert(): it does not take them. */
static jmp_buf asserted;

void __assert_fail(const char *assertion, const char *file, unsigned line, const char *function)
{
	(void)assertion;
	(void)file;
	(void)line;
	(void)function;
	longjmp(asserted, 1);
}

static bool takes(XLU_Config *config, const char *text, size_t size, FILE *report)
{
	if (setjmp(asserted)) {
		fputs("assertion", report);
		return false;
	}
	return xlu_cfg_readdata(config, text, (int)size) == 0;
}

struct comparison {
	struct config *ours;
	XLU_Config *theirs;
	char *what;
	size_t what_size;
};

static bool differ(const struct comparison *c, const char *key, const char *how)
{
	snprintf(c->what, c->what_size, "`%s': %s", key, how);
	return false;
}

static bool same_value(const struct comparison *c, const char *key, const struct config_value *ours,
		       XLU_ConfigValue *theirs)
{
	XLU_ConfigList *list;
	char *text;

	if ((ours->kind == CONFIG_LIST) != (xlu_cfg_value_type(theirs) == XLU_LIST)) {
		return differ(c, key, "one a list, the other not");
	}
	if (ours->kind != CONFIG_LIST) {
		return !xlu_cfg_value_get_string(c->theirs, theirs, &text, 1) &&
				       !strcmp(text, ours->text)
			       ? true
			       : differ(c, key, "other texts");
	}
	if (xlu_cfg_value_get_list(c->theirs, theirs, &list, 1)) {
		return differ(c, key, "no list");
	}
	for (size_t i = 0; i < ours->count; i++) {
		theirs = xlu_cfg_get_listitem2(list, (int)i);
		if (!theirs) {
			return differ(c, key, "a shorter list");
		}
		if (!same_value(c, key, ours->items[i], theirs)) {
			return false;
		}
	}
	return xlu_cfg_get_listitem2(list, (int)ours->count) ? differ(c, key, "a longer list")
							     : true;
}

/* Numbers are refused here more often (a sign, too large, `+='); those taken are the same. */
static bool same_number(const struct comparison *c, const char *key)
{
	uint64_t number = 0;
	long theirs = 0;

	if (config_number(c->ours, key, 0, INT64_MAX, &number) != 1) {
		return true;
	}
	return !xlu_cfg_get_long(c->theirs, key, &theirs, 1) && theirs == (long)number
		       ? true
		       : differ(c, key, "other numbers");
}

static bool same_setting(const struct comparison *c, const struct config_setting *setting)
{
	const char *key = setting->key, *text;
	XLU_ConfigList *list;
	int count;

	if (setting->value->kind != CONFIG_LIST) {
		if (xlu_cfg_get_string(c->theirs, key, &text, 1) ||
		    strcmp(text, setting->value->text) != 0) {
			return differ(c, key, "other texts");
		}
		return same_number(c, key);
	}
	if (xlu_cfg_get_list(c->theirs, key, &list, &count, 1)) {
		return differ(c, key, "no list");
	}
	if ((size_t)count != setting->value->count) {
		return differ(c, key, "lists of other lengths");
	}
	for (int i = 0; i < count; i++) {
		if (!same_value(c, key, setting->value->items[i], xlu_cfg_get_listitem2(list, i))) {
			return false;
		}
	}
	return true;
}

static bool same_settings(const struct comparison *c)
{
	for (size_t i = 0; i < c->ours->count; i++) {
		if (!same_setting(c, &c->ours->settings[i])) {
			return false;
		}
	}
	return true;
}

static enum xlutil_verdict judge(const struct comparison *c, bool taken_here, bool taken_there)
{
	if (taken_here && taken_there) {
		return same_settings(c) ? XLUTIL_same : XLUTIL_difference;
	}
	if (taken_here) {
		return XLUTIL_laxer;
	}
	if (strncmp(c->ours->error, "t.cfg:", 6) != 0 || c->ours->error[6] < '1' ||
	    c->ours->error[6] > '9') {
		differ(c, c->ours->error, "no file and line");
		return XLUTIL_difference;
	}
	if (!taken_there) {
		return XLUTIL_refused;
	}
	snprintf(c->what, c->what_size, "%s", c->ours->error);
	return XLUTIL_stricter;
}

enum xlutil_verdict xlutil_compare(const char *text, size_t size, char *what, size_t what_size)
{
	char *said = NULL;
	size_t said_size;
	FILE *report = open_memstream(&said, &said_size);
	struct config config;
	struct comparison c = {&config, xlu_cfg_init(report, "t.cfg"), what, what_size};
	enum xlutil_verdict verdict;
	bool taken_here, taken_there;

	config_init(&config);
	what[0] = '\0';
	taken_here = config_parse(&config, "t.cfg", text, size) == 0;
	taken_there = takes(c.theirs, text, size, report);
	verdict = judge(&c, taken_here, taken_there);
	xlu_cfg_destroy(c.theirs);
	fclose(report);
	if (verdict == XLUTIL_laxer) {
		snprintf(what, what_size, "%s", said);
	}
	free(said);
	config_free(&config);
	return verdict;
}
