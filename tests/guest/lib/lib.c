/* SPDX-License-Identifier: MIT */
/* Test kernels: memory and text functions, start-info, the archive in the initrd. */
#include "tests/guest/lib/lib.h"
#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>

void *memcpy(void *to, const void *from, size_t len)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(len) : : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t len)
{
	uint8_t *out = to;
	const uint8_t *in = from;

	if (out <= in || out >= in + len) {
		return memcpy(to, from, len);
	}
	while (len > 0) {
		len--;
		out[len] = in[len];
	}
	return to;
}

void *memset(void *at, int byte, size_t len)
{
	void *out = at;

	__asm__ volatile("rep stosb" : "+D"(out), "+c"(len) : "a"(byte) : "memory");
	return at;
}

int memcmp(const void *left, const void *right, size_t len)
{
	const uint8_t *l = left, *r = right;

	for (size_t i = 0; i < len; i++) {
		if (l[i] != r[i]) {
			return l[i] - r[i];
		}
	}
	return 0;
}

size_t strlen(const char *text)
{
	size_t len = 0;

	while (text[len] != 0) {
		len++;
	}
	return len;
}

int strncmp(const char *left, const char *right, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (left[i] != right[i] || left[i] == 0) {
			return (uint8_t)left[i] - (uint8_t)right[i];
		}
	}
	return 0;
}

int strcmp(const char *left, const char *right)
{
	return strncmp(left, right, ~0ul);
}

char *strstr(const char *text, const char *part)
{
	size_t len = strlen(part);

	for (; *text != 0; text++) {
		if (strncmp(text, part, len) == 0) {
			return (char *)(uintptr_t)text;
		}
	}
	return len == 0 ? (char *)(uintptr_t)text : NULL;
}

struct boot boot;

static bool under_xen(void)
{
	struct cpuid_regs r = cpuid(0x40000000, 0);

	return r.b == 0x566e6558 && r.c == 0x65584d4d && r.d == 0x4d4d566e;
}

static void read_start_info(void)
{
	const struct hvm_start_info *info = (void *)(uintptr_t)start_info_address;
	const struct hvm_modlist_entry *module;
	const struct hvm_memmap_table_entry *map;

	boot.xen = under_xen();
	boot.cmdline = "";
	if (info->magic != XEN_HVM_START_MAGIC_VALUE) {
		return;
	}
	boot.dom0 = boot.xen && (info->flags & SIF_INITDOMAIN) != 0;
	if (info->cmdline_paddr != 0) {
		boot.cmdline = (void *)info->cmdline_paddr;
	}
	if (info->nr_modules > 0) {
		module = (void *)info->modlist_paddr;
		boot.initrd = (void *)module->paddr;
		boot.initrd_size = module->size;
	}
	map = (void *)info->memmap_paddr;
	for (uint32_t i = 0; info->version >= 1 && i < info->memmap_entries; i++) {
		uint64_t end = map[i].addr + map[i].size;

		if (map[i].type == XEN_HVM_MEMMAP_TYPE_RAM && end <= 1ull << 32 &&
		    end > boot.ram_end) {
			boot.ram_end = end;
		}
	}
}

const char *option(const char *name, char *value, size_t size)
{
	size_t len = strlen(name), used = 0;

	for (const char *at = boot.cmdline; *at != 0; at++) {
		if ((at != boot.cmdline && at[-1] != ' ') || strncmp(at, name, len) != 0 ||
		    at[len] != '=') {
			continue;
		}
		for (at += len + 1; *at != 0 && *at != ' ' && used + 1 < size; at++) {
			value[used++] = *at;
		}
		value[used] = 0;
		return value;
	}
	return NULL;
}

static uint32_t hex8(const uint8_t *text)
{
	uint32_t value = 0;

	for (int i = 0; i < 8; i++) {
		uint8_t c = text[i];

		value = value << 4 | (c <= '9' ? c - 48u : (c & ~0x20u) - 55u);
	}
	return value;
}

const uint8_t *archive_find(const char *name, size_t *size)
{
	uint64_t at = 0;

	while (boot.initrd != NULL && at + 110 <= boot.initrd_size) {
		const uint8_t *head = boot.initrd + at;
		uint32_t length = hex8(head + 54), name_length = hex8(head + 94);
		uint64_t data = (at + 110 + name_length + 3) & ~3ull;

		if (memcmp(head, "070701", 6) != 0 || data + length > boot.initrd_size) {
			break;
		}
		if (strcmp((const char *)head + 110, name) == 0) {
			*size = length;
			return boot.initrd + data;
		}
		at = (data + length + 3) & ~3ull;
	}
	return NULL;
}

void traps_init(void);
void guest_main(void);

void guest_main(void)
{
	read_start_info();
	traps_init();
	console_init();
	print("test: %s\n", test_title);
	test_main();
	test_end();
}
