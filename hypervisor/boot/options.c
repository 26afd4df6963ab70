/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's command line: words separated by blanks, `name` or `name=value`.  It is
 * measured, so it is trusted; a word nobody knows is told, not obeyed.
 */
#include "boot/boot.h"
#include "base/lib.h"

static const char *const known_options[] = {
	"trace",         /* every exit and hypercall goes to the trace ring */
	"policy-key",    /* =HEX[,HEX]: digests of the keys that may sign another policy */
	"policy-serial", /* =N: of the boot policy */
	"notpm",         /* leave the TPM alone: the host is unmeasured */
};

static size_t name_length(const char *word)
{
	size_t i = 0;

	while (i < word_length(word) && word[i] != '=') {
		i++;
	}
	return i;
}

bool boot_option(const struct boot_info *boot, const char *name, char *value, uint32_t size)
{
	for (const char *word = boot->cmdline; *word != 0; word = next_word(word)) {
		const char *end = word + name_length(word);

		if (text_is(word, name_length(word), name)) {
			if (value != 0) {
				end += *end == '=';
				copy_string(value, MIN(size, word_length(end) + 1), end);
			}
			return true;
		}
	}
	return false;
}

void boot_options_check(const struct boot_info *boot)
{
	for (const char *word = boot->cmdline; *word != 0; word = next_word(word)) {
		bool known = word_length(word) == 0; /* blanks at the start */

		for (unsigned i = 0; i < ARRAY_SIZE(known_options); i++) {
			known |= text_is(word, name_length(word), known_options[i]);
		}
		if (!known) {
			char text[64];

			copy_string(text, MIN(sizeof(text), word_length(word) + 1), word);
			printk("warning: unknown option '%s' is ignored", text);
		}
	}
}
