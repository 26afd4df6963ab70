/* SPDX-License-Identifier: MIT */
/*
 * Parser of the plan's text form.  One table of keys, one function per kind of value; anything the
 * table does not know is an error with file and line.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/corbel.h"
#include "builder-domain/abi.h"
#include "tools/plan/parse.h"

#define LINE_MAX_BYTES 4096

struct parser {
	const char *file;
	unsigned line;
	char *error;
	size_t error_size;
};

struct key {
	const char *name;
	int (*set)(struct parser *p, const struct key *key, char *value, void *out);
	size_t offset, size;
	int is_required;
};

__attribute__((format(printf, 2, 3))) static int complain(struct parser *p, const char *format, ...)
{
	va_list args;
	int used = snprintf(p->error, p->error_size, "%s:%u: ", p->file, p->line);

	if (used < 0 || (size_t)used >= p->error_size) {
		return -1;
	}
	va_start(args, format);
	vsnprintf(p->error + used, p->error_size - (size_t)used, format, args);
	va_end(args);
	return -1;
}

static int set_text(struct parser *p, const struct key *key, char *value, void *out)
{
	if (strlen(value) >= key->size) {
		return complain(p, "%s is longer than %zu bytes", key->name, key->size - 1);
	}
	strcpy(out, value);
	return 0;
}

static int set_number(struct parser *p, const struct key *key, char *value, void *out)
{
	char *end;
	unsigned long number = strtoul(value, &end, 0);

	if (!isdigit((unsigned char)value[0]) || *end != '\0' || number > UINT32_MAX) {
		return complain(p, "%s must be a number, not '%s'", key->name, value);
	}
	*(uint32_t *)out = (uint32_t)number;
	return 0;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, tolower((unsigned char)c));

	return at == NULL ? -1 : (int)(at - digits);
}

static int set_uuid(struct parser *p, const struct key *key, char *value, void *out)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	uint8_t bytes[16] = {0};
	unsigned digits = 0, i;

	for (i = 0; form[i] != '\0' && value[i] != '\0'; i++) {
		int digit = hex_digit(value[i]);

		if (form[i] == '-' ? value[i] != '-' : digit < 0) {
			break;
		}
		if (form[i] == 'x') {
			bytes[digits / 2] = (uint8_t)(bytes[digits / 2] << 4 | digit);
			digits++;
		}
	}
	if (form[i] != '\0' || value[i] != '\0') {
		return complain(p, "%s must look like %s, not '%s'", key->name, form, value);
	}
	memcpy(out, bytes, sizeof(bytes));
	return 0;
}

static int set_flags(struct parser *p, const struct key *key, char *value, void *out)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} flags[] = {{"dom0", CORBEL_RQF_DOM0},
		     {"paused", CORBEL_RQF_PAUSED},
		     {"crash", CORBEL_RQF_CRASH}};
	uint32_t bits = 0;
	char *save = NULL;

	for (char *word = strtok_r(value, ", \t", &save); word != NULL;
	     word = strtok_r(NULL, ", \t", &save)) {
		size_t i = 0;

		while (i < sizeof(flags) / sizeof(flags[0]) && strcmp(word, flags[i].name) != 0) {
			i++;
		}
		if (i == sizeof(flags) / sizeof(flags[0])) {
			return complain(p, "%s knows dom0, paused and crash, not '%s'", key->name,
					word);
		}
		bits |= flags[i].bit;
	}
	*(uint32_t *)out = bits;
	return 0;
}

static int set_devices(struct parser *p, const struct key *key, char *value, void *out)
{
	struct device_list *list = out;
	char *save = NULL;

	for (char *word = strtok_r(value, ", \t", &save); word != NULL;
	     word = strtok_r(NULL, ", \t", &save)) {
		const char *why;
		uint16_t function;

		if (device_parse(word, strlen(word), &function, &why) != 0 ||
		    device_add(list, function, &why) != 0) {
			return complain(p, "%s: '%s': %s", key->name, word, why);
		}
	}
	return 0;
}

#define KEY(name, set, field, required)                                                            \
	{                                                                                          \
		name, set, offsetof(struct plan, field), sizeof(((struct plan *)0)->field),        \
			required                                                                   \
	}

static const struct key keys[] = {
	KEY("name", set_text, request.name, 1),
	KEY("uuid", set_uuid, request.uuid, 1),
	KEY("memory", set_number, request.memory_mib, 1),
	KEY("vcpus", set_number, request.vcpus, 0),
	KEY("weight", set_number, request.weight, 0),
	KEY("label", set_text, request.label, 1),
	KEY("cmdline", set_text, request.cmdline, 0),
	KEY("flags", set_flags, request.flags, 0),
	KEY("pci", set_devices, request.devices, 0),
	KEY("kernel", set_text, kernel, 1),
	KEY("initrd", set_text, initrd, 0),
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

static char *trim(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text)) {
		text++;
	}
	len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1])) {
		text[--len] = '\0';
	}
	return text;
}

static int parse_line(struct parser *p, char *line, struct plan *out, unsigned *seen)
{
	char *value;

	line = trim(line);
	if (line[0] == '\0' || line[0] == '#') {
		return 0;
	}
	value = strchr(line, '=');
	if (value == NULL) {
		return complain(p, "expected 'key = value'");
	}
	*value++ = '\0';
	line = trim(line);
	value = trim(value);
	for (unsigned i = 0; i < KEY_COUNT; i++) {
		if (strcmp(line, keys[i].name) != 0) {
			continue;
		}
		if ((*seen & 1u << i) != 0) {
			return complain(p, "%s is given twice", line);
		}
		*seen |= 1u << i;
		return keys[i].set(p, &keys[i], value, (char *)out + keys[i].offset);
	}
	return complain(p, "unknown key '%s'", line);
}

int plan_parse(const char *file, const char *text, size_t len, struct plan *out, char *error,
	       size_t error_size)
{
	struct parser p = {file, 0, error, error_size};
	const char *end = text + len;
	unsigned seen = 0;

	memset(out, 0, sizeof(*out));
	out->request.vcpus = 1;
	out->request.weight = 256;
	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		size_t size = (size_t)((eol != NULL ? eol : end) - text);
		char line[LINE_MAX_BYTES];

		p.line++;
		if (size >= sizeof(line)) {
			return complain(&p, "line is longer than %d bytes", LINE_MAX_BYTES - 1);
		}
		if (memchr(text, '\0', size) != NULL) {
			return complain(&p, "line has a NUL byte");
		}
		memcpy(line, text, size);
		line[size] = '\0';
		if (parse_line(&p, line, out, &seen) != 0) {
			return -1;
		}
		text += size + 1;
	}
	for (unsigned i = 0; i < KEY_COUNT; i++) {
		if (keys[i].is_required && (seen & 1u << i) == 0) {
			return complain(&p, "%s is missing", keys[i].name);
		}
	}
	return 0;
}
