/* SPDX-License-Identifier: MIT */
/* Test kernels: text formatting, the console in its three shapes, and the test contract. */
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/xen.h"
#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/sched.h>

struct sink {
	char *out;
	size_t size, used;
};

static void put(struct sink *s, char c)
{
	if (s->used + 1 < s->size) {
		s->out[s->used++] = c;
	}
}

static void put_number(struct sink *s, uint64_t value, unsigned base, int width, char pad)
{
	char digits[24];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	for (int i = n; i < width; i++) {
		put(s, pad);
	}
	while (n > 0) {
		put(s, digits[--n]);
	}
}

static void put_signed(struct sink *s, int64_t value, int width, char pad)
{
	if (value < 0) {
		put(s, '-');
		put_number(s, -(uint64_t)value, 10, width - 1, pad);
	} else {
		put_number(s, (uint64_t)value, 10, width, pad);
	}
}

size_t format_text(char *out, size_t size, const char *format, va_list args)
{
	struct sink s = {.out = out, .size = size};

	for (; *format != 0; format++) {
		char pad = ' ';
		int width = 0;
		bool is_long = false;

		if (*format != '%') {
			put(&s, *format);
			continue;
		}
		format++;
		if (*format == '0') {
			pad = '0';
		}
		for (; *format >= '0' && *format <= '9'; format++) {
			width = width * 10 + (*format - '0');
		}
		for (; *format == 'l'; format++) {
			is_long = true;
		}
		switch (*format) {
		case 's': {
			const char *text = va_arg(args, const char *);

			for (; *text != 0; text++, width--) {
				put(&s, *text);
			}
			for (; width > 0; width--) {
				put(&s, ' ');
			}
			break;
		}
		case 'c':
			put(&s, (char)va_arg(args, int));
			break;
		case 'd':
			put_signed(&s, is_long ? va_arg(args, long) : va_arg(args, int), width,
				   pad);
			break;
		case 'u':
		case 'x':
			put_number(&s, is_long ? va_arg(args, uint64_t) : va_arg(args, unsigned),
				   *format == 'u' ? 10 : 16, width, pad);
			break;
		case 'p':
			put_number(&s, va_arg(args, uintptr_t), 16, 16, '0');
			break;
		default:
			put(&s, *format);
		}
	}
	if (size > 0) {
		out[s.used] = 0;
	}
	return s.used;
}

size_t format_into(char *out, size_t size, const char *format, ...)
{
	va_list args;
	size_t used;

	va_start(args, format);
	used = format_text(out, size, format, args);
	va_end(args);
	return used;
}

/* ---- console ------------------------------------------------------------------------------ */

static struct xencons_interface *ring;
static uint32_t ring_port;

void console_init(void)
{
	uint64_t gfn, port;

	if (boot.xen && !boot.dom0 && hvm_get_param(HVM_PARAM_CONSOLE_PFN, &gfn) == 0 &&
	    hvm_get_param(HVM_PARAM_CONSOLE_EVTCHN, &port) == 0 && gfn != 0) {
		ring = (void *)(gfn * PAGE_SIZE);
		ring_port = (uint32_t)port;
	}
}

static void ring_write(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		while (ring->out_prod - *(volatile XENCONS_RING_IDX *)&ring->out_cons >=
		       sizeof(ring->out)) {
			event_send(ring_port);
			hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
		}
		ring->out[MASK_XENCONS_IDX(ring->out_prod, ring->out)] = text[i];
		__asm__ volatile("" : : : "memory");
		ring->out_prod++;
	}
	event_send(ring_port);
}

static void serial_write(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		while ((inb(0x3fd) & 0x20) == 0) {
		}
		outb(0x3f8, (uint8_t)text[i]);
	}
}

void console_raw(const char *text, size_t len)
{
	if (!boot.xen) {
		serial_write(text, len);
	} else if (ring != NULL) {
		ring_write(text, len);
	} else {
		hypercall3(__HYPERVISOR_console_io, CONSOLEIO_write, len, (uintptr_t)text);
	}
}

void console_write(const char *text, size_t len)
{
	console_raw(text, len);
}

void print(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	console_raw(line, format_text(line, sizeof(line), format, args));
	va_end(args);
}

/* ---- the contract --------------------------------------------------------------------------- */

unsigned tests_passed, tests_failed;

void ok(const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	format_text(line, sizeof(line), format, args);
	va_end(args);
	tests_passed++;
	print("ok - %s\n", line);
}

void not_ok(const char *name, const char *format, ...)
{
	char why[256];
	va_list args;

	va_start(args, format);
	format_text(why, sizeof(why), format, args);
	va_end(args);
	tests_failed++;
	print("not ok - %s: %s\n", name, why);
}

void check_equal(const char *name, uint64_t got, uint64_t wanted)
{
	if (got == wanted) {
		ok("%s", name);
	} else if ((int64_t)got > -4096 && (int64_t)got < 4096) {
		not_ok(name, "got %ld, wanted %ld", (long)got, (long)wanted);
	} else {
		not_ok(name, "got 0x%lx, wanted 0x%lx", got, wanted);
	}
}

void check_true(const char *name, bool condition)
{
	if (condition) {
		ok("%s", name);
	} else {
		not_ok(name, "is not so");
	}
}

static __attribute__((noreturn)) void shutdown(unsigned reason)
{
	struct sched_shutdown arg = {.reason = reason};

	if (boot.xen) {
		hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (uintptr_t)&arg);
	}
	outl(0xf4, reason == SHUTDOWN_poweroff ? 0x10 : 0x11);
	for (;;) {
		__asm__ volatile("cli; hlt");
	}
}

void test_end(void)
{
	if (tests_passed + tests_failed == 0) {
		not_ok(test_title, "reported nothing");
	}
	print("%u passed, %u failed\n", tests_passed, tests_failed);
	shutdown(SHUTDOWN_poweroff);
}

void broken(const char *format, ...)
{
	char why[256];
	va_list args;

	va_start(args, format);
	format_text(why, sizeof(why), format, args);
	va_end(args);
	not_ok(test_title, "the test itself broke: %s", why);
	shutdown(SHUTDOWN_crash);
}
