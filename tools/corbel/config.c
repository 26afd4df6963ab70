/* SPDX-License-Identifier: MIT */
/*
 * See config.h: files, and typed access to what the parser (config_parse.c)
 * has found.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/corbel/config.h"
#include "tools/lib/files.h"

struct config_setting *config_find(const struct config *config, const char *key)
{
	for (size_t i = 0; i < config->count; i++) {
		if (!strcmp(config->settings[i].key, key)) {
			return &config->settings[i];
		}
	}
	return NULL;
}

int config_parse_stream(struct config *config, const char *source, FILE *file)
{
	char *text = malloc(CONFIG_MAX_BYTES + 1);
	size_t size;
	int ret = -1;

	if (!text) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	size = fread(text, 1, CONFIG_MAX_BYTES + 1, file);
	if (ferror(file)) {
		snprintf(config->error, sizeof(config->error), "%s: %s", source, strerror(errno));
	} else {
		ret = config_parse(config, source, text, size);
	}
	free(text);
	return ret;
}

int config_parse_file(struct config *config, const char *path)
{
	const char *why;
	FILE *file;
	int ret;

	if (!strcmp(path, "-")) {
		return config_parse_stream(config, "standard input", stdin);
	}
	file = files_open_argument(path, &why);
	if (!file) {
		snprintf(config->error, sizeof(config->error), "%s: %s", path, why);
		return -1;
	}
	ret = config_parse_stream(config, path, file);
	fclose(file);
	return ret;
}

int config_fail(struct config *config, const char *key, const char *format, ...)
{
	const struct config_setting *setting = config_find(config, key);
	size_t used = 0;
	va_list args;

	if (setting) {
		used = (size_t)snprintf(config->error, sizeof(config->error),
					"%.200s:%u: ", setting->source, setting->line);
	}
	va_start(args, format);
	vsnprintf(config->error + used, sizeof(config->error) - used, format, args);
	va_end(args);
	return -1;
}

int config_string(struct config *config, const char *key, const char **out)
{
	const struct config_setting *setting = config_find(config, key);

	if (!setting) {
		return 0;
	}
	if (setting->value->kind == CONFIG_LIST) {
		return config_fail(config, key, "`%s' must be a string", key);
	}
	*out = setting->value->text;
	return 1;
}

int config_number(struct config *config, const char *key, uint64_t low, uint64_t high,
		  uint64_t *out)
{
	struct config_setting *setting = config_find(config, key);
	unsigned long long number;
	char *end;

	if (!setting) {
		return 0;
	}
	if (setting->added_line) {
		setting->line = setting->added_line;
		return config_fail(config, key, "`%s' is a number: `+=' joins strings and lists",
				   key);
	}
	if (setting->value->kind == CONFIG_LIST) {
		return config_fail(config, key, "`%s' must be a number", key);
	}
	errno = 0;
	number = strtoull(setting->value->text, &end, 0);
	if (!isdigit((unsigned char)setting->value->text[0]) || *end || errno) {
		return config_fail(config, key, "`%s' must be a number, not `%.64s'", key,
				   setting->value->text);
	}
	if (number < low || number > high) {
		return config_fail(config, key, "`%s' must be %llu to %llu, not %llu", key,
				   (unsigned long long)low, (unsigned long long)high, number);
	}
	*out = number;
	return 1;
}

int config_list_count(struct config *config, const char *key, size_t *out)
{
	const struct config_setting *setting = config_find(config, key);

	if (!setting) {
		return 0;
	}
	if (setting->value->kind != CONFIG_LIST) {
		return config_fail(config, key, "`%s' must be a list", key);
	}
	*out = setting->value->count;
	return 1;
}

int config_list_item(struct config *config, const char *key, size_t index,
		     const struct config_value **out)
{
	const struct config_setting *setting = config_find(config, key);
	size_t count = 0;
	int found = config_list_count(config, key, &count);

	if (found <= 0 || index >= count) {
		return found < 0 ? -1 : 0;
	}
	*out = setting->value->items[index];
	if ((*out)->kind != CONFIG_STRING) {
		return config_fail(config, key, "`%s' must be a list of strings", key);
	}
	return 1;
}
