/* SPDX-License-Identifier: MIT */
/*
 * T8: hostile bzImages, by their headers and by what their unpackers do inside the domain that is
 * being built.
 */
#include "tests/attack/requests/requests.h"

#define FILE_SIZE 0x2000
#define SETUP     0x800 /* three setup sectors and the boot sector */
static uint8_t file[FILE_SIZE] __attribute__((aligned(4096)));

static void put16(size_t at, uint16_t value)
{
	memcpy(file + at, &value, 2);
}

static void put32(size_t at, uint32_t value)
{
	memcpy(file + at, &value, 4);
}

/* A header that passes every check. */
static void fresh(const uint8_t *stub, const uint8_t *end)
{
	memset(file, 0, sizeof(file));
	file[0x1f1] = 3;
	put32(0x1f4, (FILE_SIZE - SETUP) / 16);
	put16(0x1fe, 0xaa55);
	file[0x200] = 0xeb;
	file[0x201] = 0x66; /* the header ends at 0x268 */
	memcpy(file + 0x202, "HdrS", 4);
	put16(0x206, 0x020f);
	file[0x211] = 1; /* loaded high */
	put32(0x22c, 0x7fffffff);
	put32(0x230, 0x200000); /* alignment */
	file[0x234] = 1;
	put16(0x236, 0x7f);
	put32(0x238, 2047);
	put32(0x258, 0x1000000);
	put32(0x260, 0x400000); /* init_size */
	memcpy(file + SETUP, stub, (size_t)(end - stub));
	request.kernel = file;
	request.kernel_size = FILE_SIZE;
	request.memory_mib = 32;
}

#define STUB(name) extern const uint8_t stub_##name[], stub_##name##_end[];
STUB(hypercall)
STUB(halt)
STUB(halt_on)
STUB(triple)
STUB(past)
STUB(mapped)
STUB(user)
STUB(far)
STUB(outside)
STUB(string)
STUB(nothing)
STUB(startup)
STUB(two_notes)
STUB(far_note)
STUB(note_after_window)
STUB(good)
STUB(late)

static void stubs(void)
{
	static const struct {
		const char *name;
		const uint8_t *start, *end;
		const char *reason;
	} list[] = {
#define ROW(text, name, reason) {text, stub_##name, stub_##name##_end, reason}
		ROW("stub that makes a hypercall", hypercall, "crashed"),
		ROW("stub that halts", halt, "crashed"),
		ROW("stub that waits for an interrupt", halt_on, "crashed"),
		ROW("stub that triple-faults", triple, "crashed"),
		ROW("stub that jumps into the trapped block", past, "0 PVH notes"),
		ROW("stub that maps the trapped block elsewhere", mapped, "crashed at 0x40000000"),
		ROW("stub that jumps without its privileges", user, "crashed at 0x1000000"),
		ROW("stub that jumps beyond the trapped page", far, "crashed"),
		ROW("stub that writes outside its memory", outside, "crashed"),
		ROW("stub with string I/O", string, "crashed"),
		ROW("stub that unpacks nothing", nothing, "0 PVH notes"),
		ROW("stub that starts another processor", startup, "0 PVH notes"),
		ROW("stub that leaves two notes", two_notes, "2 PVH notes"),
		ROW("stub whose note names an entry elsewhere", far_note, "outside the kernel"),
		ROW("stub whose note lies after the window", note_after_window, "0 PVH notes"),
	};

	for (unsigned i = 0; i < ARRAY_SIZE(list); i++) {
		fresh(list[i].start, list[i].end);
		expect_request_refused(list[i].name);
		if (strstr(request.reason, list[i].reason) == NULL) {
			not_ok(list[i].name, "the reason should be '%s'", list[i].reason);
		}
	}
}

/* A note in the initrd must not count: the initrd is placed after the search. */
static void decoy(void)
{
	static uint32_t initrd[1024] = {4, 8, 18, 0x6e6558, 0x1000200, 0};

	fresh(stub_nothing, stub_nothing_end);
	request.initrd = (uint8_t *)initrd;
	request.initrd_size = sizeof(initrd);
	expect_request_refused("note in the initrd only");
	request.initrd_size = 0;
}

static void runs(const char *name, const uint8_t *stub, const uint8_t *end)
{
	static struct tenant tenant;

	fresh(stub, end);
	request.name = "bzimage";
	build_must(&request);
	tenant_attach(&tenant, "bzimage", request.domid, 0);
	check_equal(name, tenant_wait(&tenant, 10000000000ull), TENANT_off);
	tenant_destroy(&tenant);
	request.name = "hostile";
}

#define HEADER(text, change)                                                                       \
	fresh(stub_good, stub_good_end);                                                           \
	change;                                                                                    \
	expect_request_refused(text)

static void headers(void)
{
	HEADER("bzImage cut in its header", request.kernel_size = 0x220);
	HEADER("bzImage cut in its blob", request.kernel_size = FILE_SIZE - 16);
	HEADER("bzImage without magic", file[0x202] = 0);
	HEADER("bzImage without boot flag", put16(0x1fe, 0));
	HEADER("bzImage of protocol 2.02", put16(0x206, 0x0202));
	HEADER("bzImage not loaded high", file[0x211] = 0);
	HEADER("bzImage that is not 64-bit", put16(0x236, 0));
	HEADER("bzImage whose header ends early", file[0x201] = 0x20);
	HEADER("bzImage without jump", file[0x200] = 0);
	HEADER("bzImage of 255 setup sectors", file[0x1f1] = 255);
	HEADER("bzImage of 16 setup sectors", file[0x1f1] = 16);
	HEADER("bzImage larger than its file", put32(0x1f4, 0xffffffff));
	HEADER("bzImage of no blob", put32(0x1f4, 0));
	HEADER("bzImage payload beyond its blob", put32(0x248, 0x10000));
	HEADER("bzImage payload that wraps", put32(0x24c, 0xffffffff));
	HEADER("bzImage that wants 4 GiB", put32(0x260, 0xffffffff));
	HEADER("bzImage that wants nothing", put32(0x260, 0));
	HEADER("bzImage linked elsewhere", put32(0x258, 0x2000000));
	HEADER("bzImage that cannot move", file[0x234] = 0);
	HEADER("bzImage alignment of 3", put32(0x230, 3));
	HEADER("bzImage alignment of 1 GiB", put32(0x230, 1u << 30));
	HEADER("bzImage larger than the domain", request.memory_mib = 16);
	HEADER("bzImage with a short command line", {
		put32(0x238, 4);
		request.cmdline = "more than four";
	});
	request.cmdline = NULL;
}

void bzimages(void)
{
	headers();
	stubs();
	decoy();
	runs("a well-behaved bzImage is built and runs", stub_good, stub_good_end);
	runs("a bzImage that begins elsewhere in the block is built and runs", stub_late,
	     stub_late_end);
	request.memory_mib = 0;
	request.initrd = NULL;
}
