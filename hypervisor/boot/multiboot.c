/* SPDX-License-Identifier: MIT */
/*
 * Bounded parser of multiboot1 and multiboot2 information into struct boot_info.  Copies everything
 * out, so the loader's memory may be reused afterwards (except the modules).  Owns the rule that
 * exactly the five known modules are there: one missing or one too many stops the boot.  Pure but
 * for boot_physical(); unit-tested and fuzzed.
 */
#include "boot/multiboot.h"
#include "core/lib.h"
#include "mm/addr.h"

#define STRING_LIMIT 512u /* for a multiboot1 string, path included */

/* Multiboot 0.6.96 section 3.3 */
#define MB1_HAS_CMDLINE (1u << 2)
#define MB1_HAS_MODULES (1u << 3)
#define MB1_HAS_MMAP    (1u << 6)
#define MB1_RAM         1u

struct mb1_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t symbols[4];
	uint32_t mmap_length, mmap_addr;
};

struct mb1_module {
	uint32_t start, end, string, reserved;
};

struct mb1_mmap {
	uint32_t size; /* of the rest of the entry */
	uint64_t base, length;
	uint32_t type;
} __attribute__((packed));

/* Multiboot 2.0 section 3.4 */
#define MB2_TAG_END           0u
#define MB2_TAG_CMDLINE       1u
#define MB2_TAG_MODULE        3u
#define MB2_TAG_EFI64         12u
#define MB2_TAG_BOOT_SERVICES 18u
#define MB2_TAG_EFI64_HANDLE  20u
#define MB2_LIMIT             65536u

struct mb2_tag {
	uint32_t type, size;
};

static const char *const module_names[BOOT_MODULES] = {"policy", "builder", "plan", "kernel",
						       "initrd"};

/* Quotes a word that came from outside: cut, and printable only. */
static bool fail_word(struct boot_loader *loader, const char *why, const char *word)
{
	char quoted[32];

	copy_string(quoted, MIN(sizeof(quoted), word_length(word) + 1), word);
	for (size_t i = 0; quoted[i] != 0; i++) {
		quoted[i] = quoted[i] > ' ' && quoted[i] < 0x7f ? quoted[i] : '?';
	}
	format(loader->error, sizeof(loader->error), "%s '%s'", why, quoted);
	return false;
}

static bool fail(struct boot_loader *loader, const char *why)
{
	copy_string(loader->error, sizeof(loader->error), why);
	return false;
}

/* `string` is NUL-terminated: the module's name, then its arguments. */
static bool add_module(struct boot_info *boot, struct boot_loader *loader, uint64_t start,
		       uint64_t end, const char *string)
{
	struct boot_module *module = 0;

	for (unsigned i = 0; i < BOOT_MODULES; i++) {
		if (text_is(string, word_length(string), module_names[i])) {
			module = &boot->module[i];
		}
	}
	if (module == 0 || module->size != 0) {
		return fail_word(loader, "surplus module", string);
	}
	if (end <= start) {
		return fail_word(loader, "empty module", string);
	}
	if (start & PAGE_MASK) {
		return fail_word(loader, "not on a page boundary: module", string);
	}
	if (boot_physical(start, end - start) == 0) {
		return fail_word(loader, "outside memory: module", string);
	}
	for (unsigned i = 0; i < BOOT_MODULES; i++) {
		if (start < boot->module[i].base + boot->module[i].size &&
		    boot->module[i].base < end) {
			return fail_word(loader, "overlaps another: module", string);
		}
	}
	module->base = start;
	module->size = end - start;
	return true;
}

static bool all_modules(const struct boot_info *boot, struct boot_loader *loader)
{
	for (unsigned i = 0; i < BOOT_MODULES; i++) {
		if (boot->module[i].size == 0) {
			return fail_word(loader, "missing module", module_names[i]);
		}
	}
	return true;
}

static bool set_cmdline(struct boot_info *boot, struct boot_loader *loader, const char *text)
{
	if (strlen(text) >= sizeof(boot->cmdline)) {
		return fail(loader, "the command line is longer than 255 bytes");
	}
	copy_string(boot->cmdline, sizeof(boot->cmdline), text);
	return true;
}

/* False: not NUL-terminated within STRING_LIMIT readable bytes. */
static bool read_string(char dst[STRING_LIMIT], uint64_t address)
{
	for (uint32_t i = 0; i < STRING_LIMIT; i++) {
		const char *byte = boot_physical(address + i, 1);

		if (byte == 0) {
			return false;
		}
		dst[i] = *byte;
		if (*byte == 0) {
			return true;
		}
	}
	return false;
}

static bool mb1_modules(const struct mb1_info *info, struct boot_info *boot,
			struct boot_loader *loader)
{
	char string[STRING_LIMIT];
	struct mb1_module module;

	for (uint32_t i = 0; i < info->mods_count; i++) {
		const void *entry = boot_physical(info->mods_addr + (uint64_t)i * sizeof(module),
						  sizeof(module));

		if (entry == 0) {
			return fail(loader, "the module list lies outside memory");
		}
		memcpy(&module, entry, sizeof(module));
		if (!read_string(string, module.string)) {
			return fail(loader, "a module's string is not terminated");
		}
		/* The first word is the file's path. */
		if (!add_module(boot, loader, module.start, module.end, next_word(string))) {
			return false;
		}
	}
	return true;
}

/* Two passes: what any entry calls reserved stays reserved. */
static bool mb1_memory(const struct mb1_info *info, struct boot_loader *loader)
{
	const uint8_t *map = boot_physical(info->mmap_addr, info->mmap_length);

	if (map == 0 || info->mmap_length > MB2_LIMIT) {
		return fail(loader, "the memory map lies outside memory");
	}
	for (int pass = 0; pass < 2; pass++) {
		uint32_t at = 0;
		struct mb1_mmap entry;

		while (info->mmap_length - at >= sizeof(entry)) {
			memcpy(&entry, map + at, sizeof(entry));
			if (pass == 0 && entry.type == MB1_RAM) {
				memmap_add(&loader->memory, entry.base, entry.length);
			}
			if (pass == 1 && entry.type != MB1_RAM) {
				memmap_remove(&loader->memory, entry.base, entry.length);
			}
			if (entry.size < sizeof(entry) - 4 ||
			    entry.size > info->mmap_length - at - 4) {
				return fail(loader, "the memory map is malformed");
			}
			at += entry.size + 4;
		}
	}
	return true;
}

static bool mb1_parse(uint64_t address, struct boot_info *boot, struct boot_loader *loader)
{
	char string[STRING_LIMIT] = "";
	struct mb1_info info;
	const void *source = boot_physical(address, sizeof(info));

	if (source == 0) {
		return fail(loader, "the multiboot information lies outside memory");
	}
	memcpy(&info, source, sizeof(info));
	if ((info.flags & MB1_HAS_CMDLINE) && !read_string(string, info.cmdline)) {
		return fail(loader, "the command line is not terminated");
	}
	if (!set_cmdline(boot, loader, next_word(string))) {
		return false;
	}
	if (!(info.flags & MB1_HAS_MMAP)) {
		return fail(loader, "the boot loader gave no memory map");
	}
	if (!mb1_memory(&info, loader)) {
		return false;
	}
	if ((info.flags & MB1_HAS_MODULES) && !mb1_modules(&info, boot, loader)) {
		return false;
	}
	return all_modules(boot, loader);
}

/* `payload` is what follows type and size; `size` its length. */
static bool mb2_tag_parse(uint32_t type, const uint8_t *payload, uint32_t size,
			  struct boot_info *boot, struct boot_loader *loader)
{
	uint32_t bounds[2];

	switch (type) {
	case MB2_TAG_CMDLINE:
		if (size == 0 || payload[size - 1] != 0) {
			return fail(loader, "the command line is not terminated");
		}
		return set_cmdline(boot, loader, (const char *)payload);
	case MB2_TAG_MODULE:
		if (size <= sizeof(bounds) || payload[size - 1] != 0) {
			return fail(loader, "a module's string is not terminated");
		}
		memcpy(bounds, payload, sizeof(bounds));
		return add_module(boot, loader, bounds[0], bounds[1],
				  (const char *)payload + sizeof(bounds));
	case MB2_TAG_EFI64:
	case MB2_TAG_EFI64_HANDLE:
		if (size < 8) {
			return fail(loader, "an EFI pointer tag is too short");
		}
		memcpy(type == MB2_TAG_EFI64 ? &loader->efi_system_table
					     : &loader->efi_image_handle,
		       payload, 8);
		return true;
	case MB2_TAG_BOOT_SERVICES:
		loader->boot_services = true;
		return true;
	default:
		return true;
	}
}

static bool mb2_parse(uint64_t address, struct boot_info *boot, struct boot_loader *loader)
{
	const uint8_t *info = boot_physical(address, 8);
	uint32_t total, at = 8;
	struct mb2_tag tag;

	if (info == 0) {
		return fail(loader, "the multiboot information lies outside memory");
	}
	memcpy(&total, info, sizeof(total));
	if (total < 16 || total > MB2_LIMIT || (info = boot_physical(address, total)) == 0) {
		return fail(loader, "the multiboot information has a wrong size");
	}
	for (;;) {
		if (total - at < sizeof(tag)) {
			return fail(loader, "the multiboot information has no end tag");
		}
		memcpy(&tag, info + at, sizeof(tag));
		if (tag.size < sizeof(tag) || tag.size > total - at) {
			return fail(loader, "a multiboot tag has a wrong size");
		}
		if (tag.type == MB2_TAG_END) {
			break;
		}
		if (!mb2_tag_parse(tag.type, info + at + sizeof(tag),
				   tag.size - (uint32_t)sizeof(tag), boot, loader)) {
			return false;
		}
		/* The last tag's padding may be missing. */
		at = (uint32_t)MIN(ROUND_UP((uint64_t)at + tag.size, 8), total);
	}
	return all_modules(boot, loader);
}

bool multiboot_parse(uint32_t magic, uint64_t address, struct boot_info *boot,
		     struct boot_loader *loader)
{
	if (magic == MULTIBOOT1_LOADED) {
		return mb1_parse(address, boot, loader);
	}
	if (magic == MULTIBOOT2_LOADED) {
		return mb2_parse(address, boot, loader);
	}
	return fail(loader, "not started by a multiboot loader");
}
