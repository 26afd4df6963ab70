/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables of a domain: RSDP, XSDT, FADT, MADT and an empty DSDT (ACPI 6.5, chapter 5). Hardware
 * reduced, no legacy devices, x2APIC entries only: a PVH kernel then probes neither PIC nor PIT nor
 * CMOS, and starts its processors through x2APIC.  All inputs are already validated.
 */
#include "builder-domain/lib.h"
#include "builder-domain/tables.h"

#define PACKED __attribute__((packed))

struct acpi_rsdp {
	char signature[8];
	uint8_t checksum; /* of the first 20 bytes */
	char oem[6];
	uint8_t revision;
	uint32_t rsdt, length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} PACKED;

struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
} PACKED;

struct acpi_xsdt {
	struct acpi_header header;
	uint64_t entries[2];
} PACKED;

/* FADT of revision 5: offsets.  The rest is zero: no register blocks, no FACS, no SCI. */
enum { FADT_DSDT = 40, FADT_BOOT = 109, FADT_FLAGS = 112, FADT_X_DSDT = 140, FADT_SIZE = 268 };
#define FADT_HW_REDUCED    (1u << 20)
#define FADT_BOOT_NO_VGA   (1u << 2)
#define FADT_BOOT_NO_CMOS  (1u << 5)
#define MADT_X2APIC        9
#define MADT_ENABLED       1
#define LOCAL_APIC_ADDRESS 0xFEE00000u

struct acpi_x2apic {
	uint8_t type, length;
	uint16_t reserved;
	uint32_t apic_id, flags;
	uint32_t uid; /* the Xen vCPU number */
} PACKED;

struct acpi_madt {
	struct acpi_header header;
	uint32_t local_apic, flags; /* PCAT_COMPAT clear: there is no PIC */
	struct acpi_x2apic cpu[CORBEL_MAX_VCPUS];
} PACKED;

/* Offsets in the page. */
enum { AT_RSDP = 0, AT_XSDT = 0x40, AT_FADT = 0x100, AT_DSDT = 0x240, AT_MADT = 0x280 };
_Static_assert(AT_MADT + sizeof(struct acpi_madt) <= 4096, "ACPI page");

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
static void seal_table(struct acpi_header *h, const char *signature, uint8_t revision,
		       uint32_t length)
{
	*h = (struct acpi_header){.length = length,
				  .revision = revision,
				  .oem = "CORBEL",
				  .oem_table = "BUILDER ",
				  .oem_revision = 1,
				  .creator = "CRBL",
				  .creator_revision = 1};
	memcpy(h->signature, signature, 4);
	h->checksum = checksum(h, length);
}

static void fill_root(struct acpi_rsdp *rsdp, struct acpi_xsdt *xsdt, uint32_t gpa)
{
	xsdt->entries[0] = gpa + AT_FADT;
	xsdt->entries[1] = gpa + AT_MADT;
	seal_table(&xsdt->header, "XSDT", 1, sizeof(*xsdt));

	memcpy(rsdp->signature, "RSD PTR ", 8);
	memcpy(rsdp->oem, "CORBEL", 6);
	rsdp->revision = 2;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = gpa + AT_XSDT;
	rsdp->checksum = checksum(rsdp, 20);
	rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
}

static void fill_fadt(uint8_t *fadt, uint32_t gpa)
{
	const uint16_t boot = FADT_BOOT_NO_VGA | FADT_BOOT_NO_CMOS;
	const uint32_t dsdt = gpa + AT_DSDT, flags = FADT_HW_REDUCED;

	memcpy(fadt + FADT_DSDT, &dsdt, sizeof(dsdt));
	memcpy(fadt + FADT_X_DSDT, &dsdt, sizeof(dsdt));
	memcpy(fadt + FADT_BOOT, &boot, sizeof(boot));
	memcpy(fadt + FADT_FLAGS, &flags, sizeof(flags));
	seal_table((struct acpi_header *)fadt, "FACP", 5, FADT_SIZE);
}

static void fill_madt(struct acpi_madt *madt, uint32_t vcpus)
{
	madt->local_apic = LOCAL_APIC_ADDRESS;
	for (uint32_t i = 0; i < vcpus; i++) {
		madt->cpu[i] = (struct acpi_x2apic){.type = MADT_X2APIC,
						    .length = sizeof(struct acpi_x2apic),
						    .apic_id = i,
						    .flags = MADT_ENABLED,
						    .uid = i};
	}
	seal_table(&madt->header, "APIC", 4,
		   (uint32_t)(sizeof(*madt) -
			      (CORBEL_MAX_VCPUS - vcpus) * sizeof(struct acpi_x2apic)));
}

void acpi_fill(uint8_t page[4096], uint32_t gpa, uint32_t vcpus)
{
	memset(page, 0, PAGE_SIZE);
	seal_table((struct acpi_header *)(page + AT_DSDT), "DSDT", 2, sizeof(struct acpi_header));
	fill_fadt(page + AT_FADT, gpa);
	fill_madt((struct acpi_madt *)(page + AT_MADT), vcpus);
	fill_root((struct acpi_rsdp *)(page + AT_RSDP), (struct acpi_xsdt *)(page + AT_XSDT), gpa);
}
