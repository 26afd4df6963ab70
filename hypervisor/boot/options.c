/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's command line: words separated by blanks, `name` or `name=value`.  It is
 * measured, so it is trusted; a word nobody knows is told, not obeyed.
 */
#include "boot/boot.h"
#include "core/lib.h"

static const char *const known_options[] = {
	"trace", /* every exit and hypercall goes to the trace ring */
	"notpm", /* leave the TPM alone: the host is unmeasured */
};

/* Next word in *at; its length, 0 = none left. */
static size_t take_word(const char **at)
{
	size_t length = 0;

	while (**at == ' ' || **at == '\t') {
		(*at)++;
	}
	while ((*at)[length] != 0 && (*at)[length] != ' ' && (*at)[length] != '\t') {
		length++;
	}
	return length;
}

static size_t name_length(const char *word, size_t length)
{
	size_t i = 0;

	while (i < length && word[i] != '=') {
		i++;
	}
	return i;
}

static bool is_name(const char *word, size_t length, const char *name)
{
	return strlen(name) == length && strncmp(word, name, length) == 0;
}

bool boot_option(const struct boot_info *boot, const char *name, char *value, uint32_t size)
{
	const char *word = boot->cmdline;
	size_t length;

	for (; (length = take_word(&word)) != 0; word += length) {
		size_t used = name_length(word, length);

		if (!is_name(word, used, name)) {
			continue;
		}
		if (value != 0 && size != 0) {
			const char *from = used < length ? word + used + 1 : word + length;

			copy_string(value, MIN(size, (size_t)(word + length - from) + 1), from);
		}
		return true;
	}
	return false;
}

void boot_options_check(const struct boot_info *boot)
{
	const char *word = boot->cmdline;
	size_t length;

	for (; (length = take_word(&word)) != 0; word += length) {
		bool known = false;

		for (unsigned i = 0; i < ARRAY_SIZE(known_options); i++) {
			known |= is_name(word, name_length(word, length), known_options[i]);
		}
		if (!known) {
			char text[64];

			copy_string(text, MIN(sizeof(text), length + 1), word);
			printk("warning: unknown option '%s' is ignored", text);
		}
	}
}
