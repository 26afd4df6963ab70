/* SPDX-License-Identifier: MIT */
/*
 * Bounded parser of multiboot2 information into struct boot_info.  Copies everything out, so the
 * loader's memory may be reused afterwards (except the modules).  Owns the rule that exactly the
 * five known modules are there: one missing or one too many stops the boot.  Pure but for
 * boot_physical(); unit-tested and fuzzed.
 */
#include "boot/multiboot.h"
#include "base/lib.h"
#include "base/addr.h"

/* Multiboot 2.0 section 3.4 */
#define MB2_TAG_END           0u
#define MB2_TAG_CMDLINE       1u
#define MB2_TAG_MODULE        3u
#define MB2_TAG_EFI64         12u
#define MB2_TAG_EFI_MAP       17u
#define MB2_TAG_BOOT_SERVICES 18u
#define MB2_TAG_EFI64_HANDLE  20u
#define MB2_LIMIT             65536u

struct mb2_tag {
	uint32_t type, size;
};

static const char *const module_names[BOOT_MODULES] = {"policy", "builder", "plan", "kernel",
						       "initrd"};

/* Quotes a word that came from outside: cut, and printable only. */
static __attribute__((noreturn)) void refuse_word(const char *why, const char *word)
{
	char quoted[32];

	copy_string(quoted, MIN(sizeof(quoted), word_length(word) + 1), word);
	for (size_t i = 0; quoted[i] != 0; i++) {
		quoted[i] = quoted[i] > ' ' && quoted[i] < 0x7f ? quoted[i] : '?';
	}
	boot_refuse("%s '%s'", why, quoted);
}

/* `string` is NUL-terminated: the module's name, then its arguments. */
static void add_module(struct boot_info *boot, uint64_t start, uint64_t end, const char *string)
{
	struct boot_module *module = 0;

	for (unsigned i = 0; i < BOOT_MODULES; i++) {
		if (text_is(string, word_length(string), module_names[i])) {
			module = &boot->module[i];
		}
	}
	if (module == 0 || module->size != 0) {
		refuse_word("surplus module", string);
	}
	if (end <= start) {
		refuse_word("empty module", string);
	}
	if (start & PAGE_MASK) {
		refuse_word("not on a page boundary: module", string);
	}
	if (boot_physical(start, end - start) == 0) {
		refuse_word("outside memory: module", string);
	}
	for (unsigned i = 0; i < BOOT_MODULES; i++) {
		if (start < boot->module[i].base + boot->module[i].size &&
		    boot->module[i].base < end) {
			refuse_word("overlaps another: module", string);
		}
	}
	module->base = start;
	module->size = end - start;
}

/* `payload` is what follows type and size; `size` its length. */
static void mb2_tag_parse(uint32_t type, const uint8_t *payload, uint32_t size,
			  struct boot_info *boot, struct boot_loader *loader)
{
	static const uint8_t least[] = {[MB2_TAG_CMDLINE] = 1,
					[MB2_TAG_MODULE] = 9,
					[MB2_TAG_EFI64] = 8,
					[MB2_TAG_EFI_MAP] = 8,
					[MB2_TAG_EFI64_HANDLE] = 8};
	uint32_t words[2];

	if (type < ARRAY_SIZE(least) && size < least[type]) {
		boot_refuse("a multiboot tag is too short");
	}
	switch (type) {
	case MB2_TAG_CMDLINE:
		if (payload[size - 1] != 0) {
			boot_refuse("the command line is not terminated");
		}
		if (size > sizeof(boot->cmdline)) {
			boot_refuse("the command line is longer than 255 bytes");
		}
		copy_string(boot->cmdline, sizeof(boot->cmdline), (const char *)payload);
		break;
	case MB2_TAG_MODULE:
		if (payload[size - 1] != 0) {
			boot_refuse("a module's string is not terminated");
		}
		memcpy(words, payload, sizeof(words));
		add_module(boot, words[0], words[1], (const char *)payload + sizeof(words));
		break;
	case MB2_TAG_EFI64:
	case MB2_TAG_EFI64_HANDLE:
		memcpy(type == MB2_TAG_EFI64 ? &loader->efi_system_table
					     : &loader->efi_image_handle,
		       payload, 8);
		break;
	case MB2_TAG_EFI_MAP:
		memcpy(words, payload, sizeof(words));
		if (!memmap_read_efi(&loader->memory, payload + 8, size - 8, words[0])) {
			boot_refuse("the memory map is malformed");
		}
		break;
	case MB2_TAG_BOOT_SERVICES:
		loader->boot_services = true;
		break;
	default:
		break;
	}
}

void multiboot_parse(uint32_t magic, uint64_t address, struct boot_info *boot,
		     struct boot_loader *loader)
{
	const uint8_t *info = boot_physical(address, 8);
	uint32_t total, at = 8;
	struct mb2_tag tag;

	if (magic != MULTIBOOT2_LOADED) {
		boot_refuse("not started by a multiboot2 loader");
	}
	if (info == 0) {
		boot_refuse("the multiboot information lies outside memory");
	}
	memcpy(&total, info, sizeof(total));
	if (total < 16 || total > MB2_LIMIT || (info = boot_physical(address, total)) == 0) {
		boot_refuse("the multiboot information has a wrong size");
	}
	for (;;) {
		if (total - at < sizeof(tag)) {
			boot_refuse("the multiboot information has no end tag");
		}
		memcpy(&tag, info + at, sizeof(tag));
		if (tag.size < sizeof(tag) || tag.size > total - at) {
			boot_refuse("a multiboot tag has a wrong size");
		}
		if (tag.type == MB2_TAG_END) {
			break;
		}
		mb2_tag_parse(tag.type, info + at + sizeof(tag), tag.size - (uint32_t)sizeof(tag),
			      boot, loader);
		/* The last tag's padding may be missing. */
		at = (uint32_t)MIN(ROUND_UP((uint64_t)at + tag.size, 8), total);
	}
	for (unsigned i = 0; i < BOOT_MODULES; i++) {
		if (boot->module[i].size == 0) {
			refuse_word("missing module", module_names[i]);
		}
	}
}
