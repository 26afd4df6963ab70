/* SPDX-License-Identifier: MIT */
/* See fake_boot.h. */
#include "sim/fake_boot.h"
#include "boot/multiboot.h"
#include "base/lib.h"
#include "diag/panic.h"
#include "cpu/time.h"
#include "diag/uart.h"

const uint8_t *fake_memory;
size_t fake_memory_size;
char fake_output[4096];
size_t fake_output_length;
const char *fake_typed = "";
bool fake_panicking;
uint64_t fake_now;
jmp_buf fake_panic_exit;
char fake_panic_text[256];

void fake_boot_reset(void)
{
	fake_memory = 0;
	fake_memory_size = 0;
	memset(fake_output, 0, sizeof(fake_output));
	fake_output_length = 0;
	fake_typed = "";
	fake_panicking = false;
}

const void *boot_physical(uint64_t address, uint64_t size)
{
	if (address >= FAKE_MEMORY_BASE && address - FAKE_MEMORY_BASE < fake_memory_size &&
	    size <= fake_memory_size - (address - FAKE_MEMORY_BASE)) {
		return fake_memory + (address - FAKE_MEMORY_BASE);
	}
	/* Module contents: there, but not to be read. */
	return size > 65536 && address < 1ull << 32 && size <= (1ull << 32) - address
		       ? (const void *)1
		       : 0;
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vformat(fake_panic_text, sizeof(fake_panic_text), fmt, args);
	va_end(args);
	longjmp(fake_panic_exit, 1);
}

void boot_refuse(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vformat(fake_panic_text, sizeof(fake_panic_text), fmt, args);
	va_end(args);
	longjmp(fake_panic_exit, 1);
}

bool is_panicking(void)
{
	return fake_panicking;
}

uint64_t now_ns(void)
{
	return fake_now;
}

void uart_init(void)
{
}

void uart_put(char c)
{
	if (fake_output_length + 1 < sizeof(fake_output)) {
		fake_output[fake_output_length++] = c;
	}
}

bool uart_get(char *c)
{
	if (*fake_typed == 0) {
		return false;
	}
	*c = *fake_typed++;
	return true;
}

void uart_flush(void)
{
}

/* Weak: the console test links the real one. */
__attribute__((weak)) void printk(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fake_output_length += (size_t)vformat(fake_output + fake_output_length,
					      sizeof(fake_output) - fake_output_length, fmt, args);
	va_end(args);
	uart_put('\n');
}
