/* SPDX-License-Identifier: MIT */
/*
 * See guest_pci.h.  One device is [DDDD:]BB:DD.F[@SLOT] and options behind commas; where xl would
 * give what this host does not, it is refused, and what changes nothing is said and ignored.
 */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "tools/corbel/guest_pci.h"

enum option_use {
	OPTION_address, /* the device once more by its keyword */
	OPTION_slot,    /* where the domain sees it: no effect */
	OPTION_idle,    /* no effect here, said if it is not 0 */
	OPTION_off,     /* 0 only */
	OPTION_name,    /* in place of the address: not known here */
	OPTION_policy,  /* strict or relaxed; no effect */
};

static const struct {
	const char *name;
	enum option_use use;
} options[] = {
	{"bdf", OPTION_address},       {"vslot", OPTION_slot},        {"name", OPTION_name},
	{"msitranslate", OPTION_idle}, {"power_mgmt", OPTION_idle},   {"seize", OPTION_idle},
	{"permissive", OPTION_off},    {"rdm_policy", OPTION_policy},
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

struct reader {
	struct config *config;
	const struct config_value *item;
	FILE *err;
	bool has_function;
	uint16_t function;
};

/* "FILE:LINE: pci `ITEM': WHAT". */
static int refuse(const struct reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(const struct reader *r, const char *format, ...)
{
	char *error = r->config->error;
	const size_t size = sizeof(r->config->error);
	int used = snprintf(error, size, "%.120s:%u: pci `%.40s': ", r->item->source, r->item->line,
			    r->item->text);
	va_list args;

	va_start(args, format);
	vsnprintf(error + used, size - (size_t)used, format, args);
	va_end(args);
	return -1;
}

static void warn(const struct reader *r, const char *what)
{
	fprintf(r->err, "%s:%u: warning: pci: `%s' has no effect on this host\n", r->item->source,
		r->item->line, what);
}

/* Of a bus: 0 to 1f. */
static bool is_slot(const char *text, size_t length)
{
	if (length == 2 && (*text == '0' || *text == '1')) {
		text++;
		length--;
	}
	return length == 1 && isxdigit((unsigned char)*text);
}

static int take_slot(const struct reader *r, const char *text, size_t length)
{
	if (!is_slot(text, length)) {
		return refuse(r, "expected a slot in hex digits, at most 1f");
	}
	warn(r, "vslot");
	return 0;
}

static int take_address(struct reader *r, const char *text, size_t length)
{
	const char *at = memchr(text, '@', length), *why;

	if (r->has_function) {
		return refuse(r, "names two devices");
	}
	if (device_parse(text, at ? (size_t)(at - text) : length, &r->function, &why)) {
		return refuse(r, "%s", why);
	}
	r->has_function = true;
	return at ? take_slot(r, at + 1, (size_t)(text + length - at - 1)) : 0;
}

static bool is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && !memcmp(text, word, length);
}

static int take_option(struct reader *r, const char *text, size_t length)
{
	const char *equals = memchr(text, '=', length);
	size_t name = equals ? (size_t)(equals - text) : length, i = 0;
	const char *value = equals ? equals + 1 : text + length;
	size_t rest = (size_t)(text + length - value);

	while (i < OPTIONS && !is_word(text, name, options[i].name)) {
		i++;
	}
	if (i == OPTIONS) {
		return refuse(r, "unknown option `%.*s'", (int)name, text);
	}
	if (rest == 0) {
		return refuse(r, "`%s' needs a value", options[i].name);
	}
	if (options[i].use == OPTION_address) {
		return take_address(r, value, rest);
	}
	if (options[i].use == OPTION_slot) {
		return take_slot(r, value, rest);
	}
	if (options[i].use == OPTION_name) {
		return refuse(r, "`name': devices have none here: write the address");
	}
	if (options[i].use == OPTION_off && !is_word(value, rest, "0")) {
		return refuse(r, "`%s': configuration space is always filtered here",
			      options[i].name);
	}
	if (options[i].use == OPTION_policy && !is_word(value, rest, "strict") &&
	    !is_word(value, rest, "relaxed")) {
		return refuse(r, "`%s' must be strict or relaxed", options[i].name);
	}
	if (!is_word(value, rest, "0")) {
		warn(r, options[i].name);
	}
	return 0;
}

static int take_item(struct reader *r)
{
	const char *at = r->item->text;
	bool is_first = true;

	for (;;) {
		size_t length = strcspn(at, ",");
		bool is_option = memchr(at, '=', length) != NULL || !is_first;

		if (is_option ? take_option(r, at, length) : take_address(r, at, length)) {
			return -1;
		}
		if (!at[length]) {
			break;
		}
		at += length + 1;
		is_first = false;
	}
	return r->has_function ? 0 : refuse(r, "names no device");
}

/* Without the IOMMU's tables a device would have the run of the host. */
static int check_passthrough(struct config *config)
{
	const char *text = NULL;
	int found = config_string(config, "passthrough", &text);

	if (found > 0 && !strcmp(text, "disabled")) {
		return config_fail(config, "passthrough",
				   "`passthrough' is disabled, but `pci' "
				   "names devices");
	}
	return found < 0 ? -1 : 0;
}

int guest_pci_take(struct device_list *devices, struct config *config, FILE *err)
{
	size_t count = 0;
	int found = config_list_count(config, "pci", &count);

	devices->count = 0;
	for (size_t i = 0; found > 0 && i < count; i++) {
		struct reader r = {.config = config, .err = err};
		const char *why;

		if (config_list_item(config, "pci", i, &r.item) < 0 || take_item(&r)) {
			return -1;
		}
		if (device_add(devices, r.function, &why)) {
			return refuse(&r, "%s", why);
		}
	}
	return found < 0 || (devices->count && check_passthrough(config)) ? -1 : 0;
}

void guest_pci_write(const struct device_list *devices, FILE *out)
{
	char text[DEVICE_TEXT];

	for (uint32_t i = 0; i < devices->count; i++) {
		device_format(devices->function[i], text);
		fprintf(out, "%s'%s'", i ? ", " : "pci = [", text);
	}
	fputs(devices->count ? "]\n" : "", out);
}
