/* SPDX-License-Identifier: MIT */
/*
 * The way down (T16): the crash record, then guests' memory wiped, then the machine stopped; and
 * what happens when one of these crashes in its turn.  The real panic.c: its cli, hlt and out
 * fault here, and the handler of that writes them down.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include "base/lib.h"
#include "cpu/desc.h"
#include "diag/panic.h"
#include "diag/console.h"
#include "diag/trace.h"
#include "diag/uart.h"
#include "diag/upcalls.h"

/* A stand-in for the image, between whose ends what is on the stack looks like a return address. */
__asm__(".pushsection .bss\n"
	".globl image_start, image_text_end\n"
	"image_start: .skip 4096\n"
	"image_text_end: .skip 1\n"
	".popsection");
extern const char image_start[], image_text_end[];

/* A crash has no end, so each happens in a child. */
static struct outcome {
	char events[2048]; /* in order */
	unsigned masked;   /* how often interrupts were switched off */
	bool halted;
} * seen;
static uint64_t stack[32];
static uint64_t *stack_top;
static const char *crash_at; /* the step that crashes, each time it is reached */

static void note(const char *fmt, ...)
{
	size_t used = strlen(seen->events);
	va_list args;

	va_start(args, fmt);
	vsnprintf(seen->events + used, sizeof(seen->events) - used, fmt, args);
	va_end(args);
}

static void step(const char *name)
{
	note("%s\n", name);
	if (crash_at && strcmp(name, crash_at) == 0) {
		panic("in %s", name);
	}
}

void trace_dump(uint32_t last)
{
	note(is_panicking() ? "" : "not panicking ");
	note("%u ", last);
	step("trace");
}

void frames_wipe(void)
{
	step("frames");
}

void heap_wipe(void)
{
	step("heap");
}

void uart_flush(void)
{
	step("flush");
}

uint64_t cpu_stack_top(uint64_t rsp)
{
	return rsp >= (uintptr_t)stack && rsp <= (uintptr_t)stack_top ? (uintptr_t)stack_top : rsp;
}

void printk(const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vformat(text, sizeof(text), fmt, args);
	va_end(args);
	note("%s\n", text);
}

/* cli, hlt, out imm8, al and outw dx: all that panic.c has of them. */
static void privileged(int number, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	const uint8_t *code = (const uint8_t *)(uintptr_t)r[REG_RIP];

	(void)number;
	(void)info;
	if (code[0] == 0xFA) {
		seen->masked++;
		r[REG_RIP] += 1;
	} else if (code[0] == 0xF4) {
		seen->halted = true;
		_exit(0);
	} else if (code[0] == 0xE6) {
		note("out %x %x\n", code[1], (unsigned)(r[REG_RAX] & 0xFF));
		r[REG_RIP] += 2;
	} else if (code[0] == 0xEE) {
		note("out %x %x\n", (unsigned)(r[REG_RDX] & 0xFFFF), (unsigned)(r[REG_RAX] & 0xFF));
		r[REG_RIP] += 1;
	} else if (code[0] == 0x66 && code[1] == 0xEF) {
		note("outw %x %x\n", (unsigned)(r[REG_RDX] & 0xFFFF),
		     (unsigned)(r[REG_RAX] & 0xFFFF));
		r[REG_RIP] += 2;
	} else {
		signal(SIGSEGV, SIG_DFL);
	}
}

#define STOPPED "flush\nout f4 11\noutw 604 2000\n"

static const char *in_child(void (*crash)(void))
{
	struct sigaction action = {.sa_sigaction = privileged, .sa_flags = SA_SIGINFO | SA_NODEFER};
	pid_t child;

	memset(seen, 0, sizeof(*seen));
	child = fork();
	if (child == 0) {
		sigaction(SIGSEGV, &action, NULL);
		crash();
		_exit(1);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(seen->halted);
	return seen->events;
}

static void by_record(void)
{
	panic_begin();
	panic_end((uintptr_t)stack + 3); /* not aligned: the first whole word counts */
}

static void by_panic(void)
{
	panic("number %u of %s", 7u, "nine");
}

static void by_end(void)
{
	machine_stop(true);
}

static void test_record(void **state)
{
	char expected[512];

	(void)state;
	assert_false(is_panicking());
	stack_top = stack + 6;
	stack[0] = (uintptr_t)image_start + 7; /* rsp lies behind its start */
	stack[1] = (uintptr_t)image_start;
	stack[2] = (uintptr_t)image_start - 1;
	stack[3] = (uintptr_t)image_text_end;
	stack[4] = 5;
	stack[5] = (uintptr_t)image_text_end - 1;
	stack[6] = (uintptr_t)image_start + 9; /* above the top */
	snprintf(
		expected, sizeof(expected),
		"  from %lx\n  from %lx\n16 trace\nframes\nheap\nguest memory wiped; stopped\n" STOPPED,
		(unsigned long)(uintptr_t)image_start,
		(unsigned long)(uintptr_t)image_text_end - 1);
	assert_string_equal(in_child(by_record), expected);
	assert_int_equal(seen->masked, 3); /* at once, to stop, and waiting for the power to go */
}

static void test_depth(void **state)
{
	const char *at;
	unsigned found = 0;

	(void)state;
	stack_top = stack + 32;
	for (unsigned i = 0; i < 32; i++) {
		stack[i] = (uintptr_t)image_start + i;
	}
	for (at = in_child(by_record); (at = strstr(at, "  from ")) != NULL; at++) {
		found++;
	}
	assert_int_equal(found, 12);
}

static void test_reason(void **state)
{
	(void)state;
	assert_string_equal(in_child(by_panic), "panic: number 7 of nine\n16 trace\nframes\nheap\n"
						"guest memory wiped; stopped\n" STOPPED);
}

/* The record crashes: what guests had goes all the same. */
static void test_twice(void **state)
{
	(void)state;
	crash_at = "trace";
	assert_string_equal(in_child(by_panic),
			    "panic: number 7 of nine\n16 trace\nframes\nheap\n"
			    "crash while writing the crash record; guest memory wiped\n" STOPPED);
	crash_at = NULL;
}

/* Wiping crashes, and again: the machine stops. */
static void test_thrice(void **state)
{
	(void)state;
	crash_at = "heap";
	assert_string_equal(in_child(by_panic), "panic: number 7 of nine\n16 trace\nframes\nheap\n"
						"frames\nheap\n" STOPPED);
	crash_at = NULL;
}

static void test_clean(void **state)
{
	(void)state;
	assert_string_equal(in_child(by_end), "flush\nout f4 10\noutw 604 2000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record), cmocka_unit_test(test_depth),
		cmocka_unit_test(test_reason), cmocka_unit_test(test_twice),
		cmocka_unit_test(test_thrice), cmocka_unit_test(test_clean),
	};

	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return seen == MAP_FAILED || cmocka_run_group_tests(tests, NULL, NULL);
}
