/* SPDX-License-Identifier: MIT */
/* See machine.h. */
#include "sim/machine.h"
#include "base/boot_info.h"
#include "diag/console.h"
#include "base/host.h"
#include "launch/launchlog.h"
#include "diag/panic.h"
#include "gate/policy.h"
#include "launch/policy.h"
#include "diag/trace.h"
#include "cpu/cpu.h"
#include "cpu/percpu.h"
#include "cpu/time.h"
#include "measured-boot/image/measure.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/slots.h"
#include "mm/tlb.h"
#include "virt/svm/svm.h"
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct machine machine;
jmp_buf machine_caught;
bool machine_catching;
char machine_panic_text[200];

static uint8_t *ram;                    /* as the slots show it */
static uint8_t *view;                   /* the same memory as the tests see it, at any time */
static uint16_t mapped[MACHINE_FRAMES]; /* slots that show the frame now */
static uint8_t *slot_stack[MAP_SLOTS];
static uint64_t seed_state = 1;

/* ---- the end ----------------------------------------------------------------------------- */
static __attribute__((noreturn)) void leave(int how)
{
	if (!machine_catching) {
		abort();
	}
	machine_catching = false;
	/* What a stopped machine held is of no interest any more. */
	percpu_area[0].locks_held = 0;
	longjmp(machine_caught, how);
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(machine_panic_text, sizeof(machine_panic_text), fmt, args);
	va_end(args);
	if (!machine_catching) {
		fprintf(stderr, "panic: %s\n", machine_panic_text);
	}
	leave(1);
}

void machine_stop(bool clean)
{
	(void)clean;
	machine.stops++;
	leave(2);
}

bool is_panicking(void)
{
	return false;
}

/* ---- RAM and slots ----------------------------------------------------------------------- */
static uint8_t *bytes_of(frame_t f)
{
	if (f.n < MACHINE_FIRST || f.n >= MACHINE_FIRST + MACHINE_FRAMES) {
		panic("frame %lu is not RAM", (unsigned long)f.n);
	}
	return ram + (f.n - MACHINE_FIRST) * PAGE_SIZE;
}

void *slot_map(frame_t f)
{
	uint8_t *page = bytes_of(f);

	CHECK(machine.slots_now < MAP_SLOTS);
	slot_stack[machine.slots_now++] = page;
	mapped[f.n - MACHINE_FIRST]++;
	ASAN_UNPOISON_MEMORY_REGION(page, PAGE_SIZE);
	return page;
}

/* Registers of devices: a few pages, which come to be when they are first asked for. */
static struct {
	frame_t frame;
	uint8_t page[PAGE_SIZE] __attribute__((aligned(4096)));
} device_pages[8];

uint8_t *machine_device_page(frame_t f)
{
	unsigned i = 0;

	while (device_pages[i].frame.n != 0 && device_pages[i].frame.n != f.n) {
		i++;
		CHECK(i < ARRAY_SIZE(device_pages));
	}
	device_pages[i].frame = f;
	return device_pages[i].page;
}

void *slot_map_device(frame_t f)
{
	uint8_t *page = machine_device_page(f);

	CHECK(machine.slots_now < MAP_SLOTS);
	slot_stack[machine.slots_now++] = page;
	return page;
}

void slot_unmap(void *address)
{
	uint8_t *page = (uint8_t *)((uintptr_t)address & ~PAGE_MASK);

	CHECK(machine.slots_now > 0 && slot_stack[machine.slots_now - 1] == page);
	slot_stack[--machine.slots_now] = NULL; /* nothing stays behind */
	if (page < ram || page >= ram + MACHINE_FRAMES * PAGE_SIZE) {
		return; /* a device's */
	}
	if (--mapped[(size_t)(page - ram) / PAGE_SIZE] == 0) {
		ASAN_POISON_MEMORY_REGION(page, PAGE_SIZE);
	}
}

uint8_t *machine_page(frame_t f)
{
	return view + (bytes_of(f) - ram);
}

struct slot slot_take(void)
{
	CHECK(machine.slots_now < MAP_SLOTS);
	return (struct slot){NULL, NULL};
}

uint8_t *slot_point(struct slot s, frame_t f)
{
	(void)s;
	return machine_page(f);
}

void slot_clear(struct slot s)
{
	(void)s;
}

bool machine_is_zero(frame_t f)
{
	static const uint8_t zero[PAGE_SIZE];

	return memcmp(machine_page(f), zero, PAGE_SIZE) == 0;
}

void machine_fill(frame_t f, uint8_t byte)
{
	memset(machine_page(f), byte, PAGE_SIZE);
}

static void *map_ram(int fd)
{
	void *at =
		mmap(NULL, MACHINE_FRAMES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(at != MAP_FAILED);
	return at;
}

static void make_ram(void)
{
	int fd = memfd_create("ram", 0);

	CHECK(fd >= 0 && ftruncate(fd, MACHINE_FRAMES * PAGE_SIZE) == 0);
	ram = map_ram(fd);
	view = map_ram(fd);
	close(fd);
	memset(view, MACHINE_MARKER, MACHINE_FRAMES * PAGE_SIZE);
	ASAN_POISON_MEMORY_REGION(ram, MACHINE_FRAMES * PAGE_SIZE);
}

void machine_init(void)
{
	static struct boot_info boot;
	void *table, *heap;

	percpu_area[0].self = &percpu_area[0];
	/* One frame is held back (machine.h: MACHINE_HOLE). */
	boot.region[0].base = (uint64_t)MACHINE_FIRST << PAGE_SHIFT;
	boot.region[0].size = (uint64_t)(MACHINE_FRAMES - 100) << PAGE_SHIFT;
	boot.region[1].base = boot.region[0].base + boot.region[0].size + PAGE_SIZE;
	boot.region[1].size = 99ul << PAGE_SHIFT;
	boot.region_count = 2;
	boot.ram_top = boot.region[1].base + boot.region[1].size;
	make_ram();
	table = malloc(frames_table_bytes(boot.ram_top));
	CHECK(table);
	frames_init(&boot, table);
	heap = aligned_alloc(PAGE_SIZE, MACHINE_HEAP_PAGES * PAGE_SIZE);
	CHECK(heap);
	heap_init((uintptr_t)heap, MACHINE_HEAP_PAGES * PAGE_SIZE);
	machine.quiet = true;
	machine.now = 1000000;
	launchlog_draw_boot_id();
	launchlog_boot();
}

void machine_policy(const char *name)
{
	static _Alignas(8) uint8_t blob[65536];
	const char *build = getenv("CORBEL_BUILD");
	char path[200];
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "%s/policy/%s.bin", build ? build : "build", name);
	file = fopen(path, "rb");
	if (!file) {
		panic("%s: cannot open", path);
	}
	length = fread(blob, 1, sizeof(blob), file);
	fclose(file);
	policy_boot(blob, length);
}

/* ---- chance and order -------------------------------------------------------------------- */
void machine_seed(uint64_t seed)
{
	seed_state = seed * 2 + 1;
}

uint32_t machine_random(void)
{
	seed_state = seed_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed_state >> 33);
}

uint32_t machine_below(uint32_t limit)
{
	return machine_random() % limit;
}

void machine_as_cpu(unsigned cpu, void (*work)(void))
{
	struct percpu own = percpu_area[0];

	/* this_cpu() is area 0 in tests: it stands in for the other one for the time of the
	 * work. */
	percpu_area[0].id = cpu;
	percpu_area[0].tlb_epoch = percpu_area[cpu].tlb_epoch;
	work();
	percpu_area[cpu].tlb_epoch = percpu_area[0].tlb_epoch;
	percpu_area[0].id = own.id;
	if (cpu != 0) {
		percpu_area[0].tlb_epoch = own.tlb_epoch;
	}
}

static bool flushed;

static void sync_now(void)
{
	flushed = tlb_sync();
}

bool machine_sync(unsigned cpu)
{
	machine_as_cpu(cpu, machine.flush ? machine.flush : sync_now);
	return flushed;
}

void machine_settle(void)
{
	for (unsigned cpu = 0; cpu < percpu_count; cpu++) {
		machine_sync(cpu);
	}
	while (frames_scrub(512)) {
	}
}

/* ---- what the hypervisor asks of the machine --------------------------------------------- */
uint64_t now_ns(void)
{
	return machine.now += 100;
}

uint64_t tsc_hz(void)
{
	return 1000000000;
}

void time_pvclock(uint32_t *mul, int8_t *shift, uint64_t *tsc_base)
{
	*mul = 1u << 31;
	*shift = 1;
	*tsc_base = 0;
}

uint64_t wallclock_boot_ns(void)
{
	return 1700000000ull * 1000000000;
}

void timer_arm(uint64_t deadline_ns)
{
	(void)deadline_ns;
}

void printk(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (!machine.quiet) {
		vfprintf(stderr, fmt, args);
	}
	va_end(args);
}

void cpu_idle(void)
{
}

bool cpu_has_ibpb(void)
{
	return false;
}

bool console_poll(void)
{
	return false;
}

void console_domain_write(uint16_t domid, const char *text, size_t len)
{
	CHECK(domid < DOMID_FIRST_RESERVED && text && len);
}

size_t console_input(char *dst, size_t max)
{
	static uint32_t typed;

	CHECK(max > 0);
	*dst = 'x';
	return typed++ % 3 == 2 ? 0 : 1;
}

size_t console_log_read(uint32_t *index, char *dst, size_t max)
{
	size_t count = *index < 1000 ? MIN(max, 1000 - *index) : 0;

	memset(dst, 'l', count);
	*index += (uint32_t)count;
	return count;
}

bool measure_ok(void)
{
	return machine.checkpoint != NULL;
}

uint32_t measure_error(void)
{
	return measure_ok() ? 0 : MEASURE_ERR_no_tpm;
}

void measure_counts(uint32_t *resets, uint32_t *restarts)
{
	*resets = *restarts = 0;
}

uint32_t measure_banks(void)
{
	return 0;
}

uint32_t measure_checkpoint(const void *record, size_t len)
{
	return machine.checkpoint ? machine.checkpoint(record, len) : MEASURE_ERR_no_tpm;
}

size_t measure_log(const uint8_t **data)
{
	static const uint8_t log[5000];

	*data = log;
	return sizeof(log);
}

void svm_enter(struct vcpu_regs *regs, uint64_t guest_vmcb, uint64_t host_vmcb)
{
	(void)host_vmcb;
	machine.guest((struct vmcb *)(uintptr_t)guest_vmcb, regs);
}
