/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables of a domain: RSDP, XSDT, FADT, MADT and a DSDT, which is empty unless the domain has
 * PCI devices (ACPI 6.5, chapter 5). Hardware reduced, no legacy devices, x2APIC entries only: a
 * PVH kernel then probes neither PIC nor PIT nor CMOS, and starts its processors through x2APIC.
 * All inputs are already validated.
 */
#include "builder-domain/lib.h"
#include "builder-domain/tables.h"

#define PACKED __attribute__((packed))

struct acpi_rsdp {
	char signature[8];
	uint8_t checksum; /* of the first 20 bytes */
	char oem[6];
	uint8_t revision;
	uint32_t rsdt; /* 0: revision 2 has the XSDT */
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} PACKED;

struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem[6];
	char oem_table[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
} PACKED;

struct acpi_xsdt {
	struct acpi_header header;
	uint64_t entries[2];
} PACKED;

/* FADT of revision 5 (ACPI 6.5, 5.2.9): offsets.  The rest is zero: no register blocks, no FACS, no
 * SCI. */
enum {
	FADT_DSDT = 40,
	FADT_BOOT = 109,
	FADT_FLAGS = 112,
	FADT_X_DSDT = 140,
	FADT_SIZE = 268,
};
#define FADT_HW_REDUCED    (1u << 20)
#define FADT_BOOT_NO_VGA   (1u << 2)
#define FADT_BOOT_NO_CMOS  (1u << 5)
#define MADT_X2APIC        9
#define MADT_ENABLED       1
#define LOCAL_APIC_ADDRESS 0xFEE00000u

struct acpi_x2apic {
	uint8_t type;
	uint8_t length;
	uint16_t reserved;
	uint32_t apic_id;
	uint32_t flags;
	uint32_t uid; /* the Xen vCPU number */
} PACKED;

struct acpi_madt {
	struct acpi_header header;
	uint32_t local_apic;
	uint32_t flags; /* PCAT_COMPAT clear: there is no PIC */
	struct acpi_x2apic cpu[CORBEL_MAX_VCPUS];
} PACKED;

/* Offsets in the page. */
enum {
	AT_RSDP = 0,
	AT_XSDT = 0x40,
	AT_FADT = 0x100,
	AT_MADT = 0x240,
	AT_DSDT = 0x300,
};
_Static_assert(AT_MADT + sizeof(struct acpi_madt) <= AT_DSDT, "ACPI page");
_Static_assert(AT_DSDT + sizeof(struct acpi_header) + DSDT_BODY_MAX <= 4096, "ACPI page");

/* Revisions of the tables as we fill them. */
enum {
	REVISION_RSDP = 2,
	REVISION_XSDT = 1,
	REVISION_FADT = 5,
	REVISION_DSDT = 2, /* 64-bit integers in AML */
	REVISION_MADT = 4,
};

/* Of the RSDP the old checksum covers what revision 0 had. */
#define RSDP_SIZE_OLD 20

static uint8_t checksum(const void *table, uint32_t len)
{
	const uint8_t *bytes = table;
	uint8_t sum = 0;

	for (uint32_t i = 0; i < len; i++) {
		sum = (uint8_t)(sum + bytes[i]);
	}
	return (uint8_t)-sum;
}

/* Fills the header last, when the table is complete. */
static void seal_table(struct acpi_header *header, const char *signature, uint8_t revision,
		       uint32_t length)
{
	*header = (struct acpi_header){
		.length = length,
		.revision = revision,
		.oem = "CORBEL",
		.oem_table = "BUILDER ",
		.oem_revision = 1,
		.creator = "CRBL",
		.creator_revision = 1,
	};
	memcpy(header->signature, signature, sizeof(header->signature));
	header->checksum = checksum(header, length);
}

static void fill_root(struct acpi_rsdp *rsdp, struct acpi_xsdt *xsdt, uint32_t gpa)
{
	xsdt->entries[0] = gpa + AT_FADT;
	xsdt->entries[1] = gpa + AT_MADT;
	seal_table(&xsdt->header, "XSDT", REVISION_XSDT, sizeof(*xsdt));

	memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
	memcpy(rsdp->oem, "CORBEL", sizeof(rsdp->oem));
	rsdp->revision = REVISION_RSDP;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = gpa + AT_XSDT;
	rsdp->checksum = checksum(rsdp, RSDP_SIZE_OLD);
	rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
}

static void fill_fadt(uint8_t *fadt, uint32_t gpa)
{
	const uint16_t boot = FADT_BOOT_NO_VGA | FADT_BOOT_NO_CMOS;
	const uint32_t flags = FADT_HW_REDUCED;
	const uint32_t dsdt = gpa + AT_DSDT;

	memcpy(fadt + FADT_DSDT, &dsdt, sizeof(dsdt));
	memcpy(fadt + FADT_X_DSDT, &dsdt, sizeof(dsdt));
	memcpy(fadt + FADT_BOOT, &boot, sizeof(boot));
	memcpy(fadt + FADT_FLAGS, &flags, sizeof(flags));
	seal_table((struct acpi_header *)fadt, "FACP", REVISION_FADT, FADT_SIZE);
}

static void fill_madt(struct acpi_madt *madt, uint32_t vcpus)
{
	uint32_t unused = CORBEL_MAX_VCPUS - vcpus;
	uint32_t length = (uint32_t)(sizeof(*madt) - unused * sizeof(madt->cpu[0]));

	madt->local_apic = LOCAL_APIC_ADDRESS;
	for (uint32_t i = 0; i < vcpus; i++) {
		madt->cpu[i] = (struct acpi_x2apic){
			.type = MADT_X2APIC,
			.length = sizeof(struct acpi_x2apic),
			.apic_id = i,
			.flags = MADT_ENABLED,
			.uid = i,
		};
	}
	seal_table(&madt->header, "APIC", REVISION_MADT, length);
}

static void fill_dsdt(struct acpi_header *dsdt, int has_devices)
{
	uint32_t length = sizeof(*dsdt);

	if (has_devices) {
		memcpy(dsdt + 1, dsdt_body, dsdt_body_size);
		length += dsdt_body_size;
	}
	seal_table(dsdt, "DSDT", REVISION_DSDT, length);
}

void acpi_fill(uint8_t page[4096], uint32_t gpa, uint32_t vcpus, int has_devices)
{
	struct acpi_rsdp *rsdp = (struct acpi_rsdp *)(page + AT_RSDP);
	struct acpi_xsdt *xsdt = (struct acpi_xsdt *)(page + AT_XSDT);
	struct acpi_header *dsdt = (struct acpi_header *)(page + AT_DSDT);
	struct acpi_madt *madt = (struct acpi_madt *)(page + AT_MADT);

	memset(page, 0, PAGE_SIZE);
	fill_dsdt(dsdt, has_devices);
	fill_fadt(page + AT_FADT, gpa);
	fill_madt(madt, vcpus);
	fill_root(rsdp, xsdt, gpa);
}
