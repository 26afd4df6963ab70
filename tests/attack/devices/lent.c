/* SPDX-License-Identifier: MIT */
/* What the device reaches of a tenant: pages that it lent to Dom0, as it lent them. */
#include "tests/attack/devices/edu.h"
#include "tests/guest/lib/tenant.h"
#include "tests/guest/tenants/lender.h"

#define MIB       (1ull << 20)
#define SLOT_OPEN 1u
#define SLOT_SHUT 2u
#define SLOT_GONE 3u

static struct build request;
static struct tenant lender;
static unsigned looks;

static void start(void)
{
	build_image(&request, "lender.elf");
	request.name = "lender";
	request.uuid[0]++;
	looks = 0;
	build_must(&request);
	tenant_attach(&lender, request.name, request.domid, 0);
	check_true("a tenant has lent two pages", tenant_said(&lender, "lent", 5000000000ull));
}

/* The tenant looks at its pages. */
static void check_tenant(const char *name, uint8_t open)
{
	char wanted[64];

	format_into(wanted, sizeof(wanted), "look %u: open %x, shut %x, own memory kept", looks++,
		    open, LENDER_SHUT);
	tenant_type(&lender);
	if (tenant_said(&lender, wanted, 5000000000ull)) {
		ok("%s", name);
	} else {
		not_ok(name, "the tenant does not say '%s'", wanted);
	}
}

static uint32_t map(uint32_t ref, unsigned slot, uint32_t flags)
{
	uint32_t handle;

	check_equal("mapped", (uint64_t)grant_map(lender.domid, ref, slot, flags, &handle), 0);
	return handle;
}

static void unmap(unsigned slot, uint32_t handle)
{
	check_equal("unmapped", (uint64_t)grant_unmap(slot, handle), 0);
}

static uint64_t address_of(unsigned slot)
{
	return (uintptr_t)grant_slot(slot);
}

static bool reads(unsigned slot, uint8_t byte)
{
	edu_fill(0);
	edu_read(address_of(slot), EDU_CHUNK);
	return edu_holds(byte);
}

static void writes(unsigned slot, uint8_t byte)
{
	edu_fill(byte);
	edu_write(address_of(slot), EDU_CHUNK);
}

static void check_rights(void)
{
	uint32_t open = map(LENDER_REF_OPEN, SLOT_OPEN, 0);
	uint32_t shut = map(LENDER_REF_SHUT, SLOT_SHUT, GNTMAP_readonly);

	check_true("its device reads the one", reads(SLOT_OPEN, LENDER_OPEN));
	check_true("and the other, lent for reading", reads(SLOT_SHUT, LENDER_SHUT));
	writes(SLOT_OPEN, 0x33);
	writes(SLOT_SHUT, 0x44);
	check_tenant("it writes the one alone", 0x33);
	check_true("it does not reach the page beside them", !edu_reaches(address_of(SLOT_GONE)));
	unmap(SLOT_OPEN, open);
	writes(SLOT_OPEN, 0x55);
	check_tenant("unmapped it is not written", 0x33);
	check_true("nor read", reads(SLOT_OPEN, 0));
	unmap(SLOT_SHUT, shut);
	check_true("the other, unmapped, is not read", reads(SLOT_SHUT, 0));
	open = map(LENDER_REF_OPEN, SLOT_OPEN, GNTMAP_readonly);
	writes(SLOT_OPEN, 0x66);
	check_tenant("mapped for reading it is not written", 0x33);
	check_true("but read", reads(SLOT_OPEN, 0x33));
	unmap(SLOT_OPEN, open);
	open = map(LENDER_REF_OPEN, SLOT_OPEN, 0);
	writes(SLOT_OPEN, 0x77);
	check_tenant("mapped for writing it is written", 0x77);
	edu_fill(0x99);
	edu_start_write(address_of(SLOT_OPEN), EDU_CHUNK);
	unmap(SLOT_OPEN, open);
	edu_finish();
	check_tenant("unmapped while the device is at it, it is not written", 0x77);
}

/* The machine's RAM above what has a number in this domain: the tenant's memory lies there. */
static void check_frames(void)
{
	unsigned found = 0;

	edu_fill(0x5A);
	for (uint64_t at = 64 * MIB; at < 512 * MIB; at += 2 * MIB) {
		edu_write(at + 0x1000, EDU_CHUNK);
	}
	check_tenant("no frame of it is written", LENDER_OPEN);
	edu_fill(0);
	for (uint64_t at = 64 * MIB; at < 512 * MIB; at += 2 * MIB) {
		edu_read(at + 0x1000, EDU_CHUNK);
		found += !edu_holds(0);
	}
	check_equal("no frame of the machine is read", found, 0);
}

static void check_end(bool unmapped_first)
{
	uint32_t open = map(LENDER_REF_OPEN, SLOT_OPEN, 0);

	writes(SLOT_OPEN, 0x88);
	check_true("its device reads it", reads(SLOT_OPEN, 0x88));
	edu_start_write(address_of(SLOT_OPEN), EDU_CHUNK);
	if (unmapped_first) {
		unmap(SLOT_OPEN, open);
	}
	tenant_destroy(&lender);
	if (!unmapped_first) {
		unmap(SLOT_OPEN, open);
	}
	edu_finish();
	check_true("after the tenant's end and the mapping's it reaches nothing",
		   !edu_reaches(address_of(SLOT_OPEN)));
}

void check_lent(void)
{
	uint64_t before = frames_settle();

	start();
	check_frames();
	check_rights();
	check_end(true);
	check_equal("every frame is back, and scrubbed", frames_settle(), before);
	start();
	check_end(false);
	check_equal("and after an end while it was mapped", frames_settle(), before);
}
