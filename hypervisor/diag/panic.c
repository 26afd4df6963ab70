/* SPDX-License-Identifier: MIT */
/*
 * Crash record and machine stop.  Runs with nothing to rely on: takes no lock, allocates nothing,
 * reads the stack only within its known bounds.
 */
#include "diag/panic.h"
#include "diag/console.h"
#include "base/lib.h"
#include "diag/trace.h"
#include "diag/upcalls.h"
#include "cpu/asm.h"
#include "cpu/desc.h"
#include "diag/uart.h"

#define CALL_DEPTH   12
#define LAST_RECORDS 16

#define PORT_DEBUG_EXIT 0xF4 /* QEMU isa-debug-exit: ends with status (value << 1) | 1 */
#define EXIT_CLEAN      0x10
#define EXIT_CRASH      0x11
#define PORT_PM1A       0x604 /* where QEMU's firmware puts the ICH9's PM1a control register */
#define PM1A_SLEEP_S5   0x2000

extern const char image_start[], image_text_end[];

static unsigned crash_depth;

bool is_panicking(void)
{
	return crash_depth != 0;
}

void machine_stop(bool clean)
{
	__asm__ volatile("cli");
	uart_flush();
	outb(PORT_DEBUG_EXIT, clean ? EXIT_CLEAN : EXIT_CRASH);
	outw(PORT_PM1A, PM1A_SLEEP_S5);
	for (;;) {
		__asm__ volatile("cli; hlt");
	}
}

static void wipe_guests(void)
{
	frames_wipe();
	heap_wipe();
}

void panic_begin(void)
{
	__asm__ volatile("cli");
	crash_depth++;
	if (crash_depth == 1) {
		return;
	}
	if (crash_depth == 2) { /* a third time, it is the wiping that fails */
		wipe_guests();
		printk("crash while writing the crash record; guest memory wiped");
	}
	machine_stop(false);
}

/* Whatever on the stack looks like a return address: some may be stale. */
static void print_calls(uint64_t rsp)
{
	uint64_t top = cpu_stack_top(rsp);
	unsigned found = 0;

	for (rsp = ROUND_UP(rsp, 8); rsp + 8 <= top && found < CALL_DEPTH; rsp += 8) {
		uint64_t value = *(const uint64_t *)rsp;

		if (value >= (uintptr_t)image_start && value < (uintptr_t)image_text_end) {
			printk("  from %lx", value);
			found++;
		}
	}
}

void panic_end(uint64_t rsp)
{
	print_calls(rsp);
	trace_dump(LAST_RECORDS);
	wipe_guests();
	printk("guest memory wiped; stopped");
	machine_stop(false);
}

void panic(const char *fmt, ...)
{
	char reason[200];
	va_list args;

	panic_begin();
	va_start(args, fmt);
	vformat(reason, sizeof(reason), fmt, args);
	va_end(args);
	printk("panic: %s", reason);
	panic_end((uintptr_t)__builtin_frame_address(0));
}
