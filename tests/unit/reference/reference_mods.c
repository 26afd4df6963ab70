/* SPDX-License-Identifier: MIT */
/*
 * The modules of a GRUB image by hand: which object is its module tpm, which its configuration.
 * Each field is made wrong alone, in a copy of exactly that size.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "reference/reference_said.h"
#include "measured-boot/reference/pe.h"

#define CONFIG "boot\n#tpm" /* with its NUL, a name that lies before the module */

static struct {
	struct {
		uint32_t magic, pad;
		uint64_t offset, size;
	} head;
	struct {
		uint32_t type, size;
		char text[16];
	} config;
	struct {
		uint32_t type, size;
		uint8_t ident[40];
		uint64_t table;
		uint8_t pad[12];
		uint16_t count, strings;
		struct {
			uint64_t name, flags, address, offset, size, rest[3];
		} section[3];
		char names[16], name[16];
	} module;
} mods;

#define ELF_SIZE   (sizeof(mods.module) - 8)
#define AT(member) (offsetof(__typeof__(mods.module), member) - 8)

static void make(void)
{
	memset(&mods, 0, sizeof(mods));
	mods.head.magic = 0x676d696d;
	mods.head.offset = sizeof(mods.head);
	mods.head.size = sizeof(mods);
	mods.config.type = 2;
	mods.config.size = sizeof(mods.config);
	memset(mods.config.text, '#', sizeof(mods.config.text));
	memcpy(mods.config.text + sizeof(mods.config.text) - sizeof(CONFIG), CONFIG,
	       sizeof(CONFIG));
	mods.module.size = sizeof(mods.module);
	memcpy(mods.module.ident, "\177ELF\2\1", 6);
	mods.module.table = AT(section);
	mods.module.count = 3;
	mods.module.strings = 2;
	mods.module.section[1].name = 3;
	mods.module.section[1].offset = AT(name);
	mods.module.section[1].size = 4;
	mods.module.section[2].offset = AT(names);
	strcpy(mods.module.names + 3, ".modname");
	strcpy(mods.module.name, "tpm");
}

/* What is said of the first `size` bytes; NULL: nothing, it is a good image. */
static const char *judged(size_t size)
{
	uint8_t *copy = malloc(size);
	struct pe pe = {.shown = "FILE", .bytes = copy, .size = size, .mods_size = size};
	const char *config, *said;

	memcpy(copy, &mods, size);
	said_start();
	config = pe_grub_config(&pe);
	said = said_end();
	assert_int_equal(config == NULL, *said != 0);
	free(copy);
	return config ? NULL : said;
}

static void refused_at(size_t size, const char *why)
{
	const char *said = judged(size);

	if (!said || !strstr(said, why)) {
		fail_msg("'%s' does not say '%s'", said ? said : "nothing", why);
	}
	make();
}

#define refused(why) refused_at(sizeof(mods), why)

static void image(void **state)
{
	(void)state;
	make();
	assert_null(judged(sizeof(mods)));
	refused_at(23, "not a GRUB image");
	mods.head.magic++;
	refused("not a GRUB image");
	mods.config.size = 7;
	refused("has 7 bytes");
	mods.module.size++;
	refused("bytes, ");
	mods.module.size = 0xFFFFFFFF;
	refused("bytes, ");
	mods.head.size++;
	refused("no embedded configuration");
	mods.config.type = 1;
	refused("no embedded configuration");
	mods.module.type = 2;
	refused("a second configuration");
	memset(mods.config.text, '#', sizeof(mods.config.text));
	refused("the configuration has no end");
	mods.module.type = 1;
	refused("the module tpm is not in the image");
}

static void module(void **state)
{
	static const char none[] = "the module tpm is not in the image";

	(void)state;
	make();
	mods.module.ident[4] = 1;
	refused(none);
	mods.module.table = ELF_SIZE + 1;
	refused(none);
	mods.module.table = UINT64_MAX - 8;
	refused(none);
	mods.module.count = 6;
	refused(none);
	mods.module.strings = 3;
	refused(none);
	mods.module.section[1].name = 2;
	refused(none);
	mods.module.section[1].name = ELF_SIZE; /* beyond the end */
	refused(none);
	mods.module.section[2].offset = (uint64_t)-16; /* round the end, and to the name again */
	mods.module.section[1].name = 16 + AT(names) + 3;
	refused(none);
	memcpy(mods.module.names + 3, ".modnams", 8);
	refused(none);
	mods.module.name[2] = 'n';
	refused(none);
	mods.module.section[1].size = 3; /* without its NUL */
	refused(none);
	mods.module.section[1].size = 17 + 16;
	refused(none);
	mods.module.section[1].offset = ELF_SIZE;
	refused(none);
	mods.module.section[1].offset = (uint64_t)-12; /* "tpm" at the end of the configuration */
	refused(none);
	/* shorter than its own header */
	mods.module.size = 8 + 63;
	mods.head.size = sizeof(mods) - sizeof(mods.module) + 8 + 63;
	refused_at(sizeof(mods) - sizeof(mods.module) + 8 + 63, none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(image),
		cmocka_unit_test(module),
	};

	return cmocka_run_group_tests_name("reference_mods", tests, NULL, NULL);
}
