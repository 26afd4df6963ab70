/* SPDX-License-Identifier: MIT */
/*
 * A walk over RSDP and XSDT or RSDT to one table (acpi.h; ACPI 6.4 sections 5.2.5 to 5.2.8, TCG
 * ACPI specification for TPM2).  Firmware is trusted; lengths are checked all the same, since a
 * damaged table must not become a wild read.
 */
#include "boot/acpi.h"
#include "boot/multiboot.h"
#include "core/lib.h"

#define TABLE_LIMIT      0x100000u
#define START_METHOD     48 /* offset in the TPM2 table */
#define START_METHOD_TIS 6u

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length; /* from here on only if revision >= 2 */
	uint64_t xsdt;
} __attribute__((packed));

struct table {
	char signature[4];
	uint32_t length;
	uint8_t rest[28];
};

static bool sum_is_zero(const uint8_t *bytes, uint32_t length)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < length; i++) {
		sum = (uint8_t)(sum + bytes[i]);
	}
	return sum == 0;
}

static const struct table *table_at(uint64_t address)
{
	const struct table *table = boot_physical(address, sizeof(*table));

	if (table == 0 || table->length < sizeof(*table) || table->length > TABLE_LIMIT ||
	    boot_physical(address, table->length) == 0) {
		return 0;
	}
	return sum_is_zero((const uint8_t *)table, table->length) ? table : 0;
}

static const struct table *find_table(uint64_t rsdp_address, const char *signature)
{
	const struct rsdp *rsdp = boot_physical(rsdp_address, sizeof(*rsdp));

	if (rsdp_address == 0 || rsdp == 0) {
		return 0;
	}
	bool wide = rsdp->revision >= 2 && rsdp->xsdt != 0;
	const struct table *list = table_at(wide ? rsdp->xsdt : rsdp->rsdt);
	uint32_t width = wide ? 8 : 4;

	if (list == 0) {
		return 0;
	}
	for (uint32_t at = sizeof(*list); at + width <= list->length; at += width) {
		uint64_t address = 0;

		memcpy(&address, (const uint8_t *)list + at, width);
		const struct table *table = table_at(address);

		if (table != 0 && memcmp(table->signature, signature, 4) == 0) {
			return table;
		}
	}
	return 0;
}

bool acpi_has_tis(uint64_t rsdp)
{
	const struct table *tpm2 = find_table(rsdp, "TPM2");
	uint32_t method;

	if (tpm2 == 0 || tpm2->length < START_METHOD + sizeof(method)) {
		return false;
	}
	memcpy(&method, (const uint8_t *)tpm2 + START_METHOD, sizeof(method));
	return method == START_METHOD_TIS;
}
