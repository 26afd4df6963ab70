/* SPDX-License-Identifier: MIT */
/*
 * The only code that calls firmware (efi.h; UEFI 2.10 sections 4 and 7, TCG EFI Protocol
 * Specification 2.0).  Runs once on the firmware's stack.  Firmware is trusted, being measured
 * before us, but a missing service or an endless list must end in a message.
 */
#include "boot/efi.h"
#include "base/lib.h"

#define EFIAPI __attribute__((ms_abi))

#define EFI_SYSTAB_SIGNATURE 0x5453595320494249ull
#define TCG2_FORMAT_2        2u

#define MAP_BYTES    32768u
#define EXIT_TRIES   8
#define TABLES_LIMIT 256u
#define FINAL_BYTES  16384u /* of the final events table */
#define LAST_BYTES   4096u  /* of the log from its last record on */
#define LAST_LIMIT   (sizeof(((struct boot_log *)0)->bytes) - FINAL_BYTES - LAST_BYTES)

struct efi_guid {
	uint32_t a;
	uint16_t b, c;
	uint8_t d[8];
};

struct efi_config_table {
	struct efi_guid guid;
	uint64_t table;
};

struct efi_tcg2 {
	void *get_capability;
	uint64_t EFIAPI (*get_event_log)(struct efi_tcg2 *self, uint32_t format, uint64_t *location,
					 uint64_t *last, uint8_t *truncated);
};

struct efi_boot_services {
	uint8_t header[24];
	void *before_get_memory_map[4];
	uint64_t EFIAPI (*get_memory_map)(uint64_t *size, void *map, uint64_t *key,
					  uint64_t *descriptor_size, uint32_t *version);
	void *before_exit[21];
	uint64_t EFIAPI (*exit_boot_services)(uint64_t image, uint64_t key);
	void *before_locate[10];
	uint64_t EFIAPI (*locate_protocol)(const struct efi_guid *guid, void *registration,
					   void **protocol);
};
_Static_assert(__builtin_offsetof(struct efi_boot_services, get_memory_map) == 56, "UEFI 4.4");
_Static_assert(__builtin_offsetof(struct efi_boot_services, exit_boot_services) == 232, "UEFI 4.4");
_Static_assert(__builtin_offsetof(struct efi_boot_services, locate_protocol) == 320, "UEFI 4.4");

struct efi_system_table {
	uint64_t signature;
	uint8_t header_rest[16];
	void *vendor;
	uint64_t revision;
	void *console[6];
	void *runtime_services;
	struct efi_boot_services *boot_services;
	uint64_t table_count;
	struct efi_config_table *tables;
};
_Static_assert(__builtin_offsetof(struct efi_system_table, boot_services) == 96, "UEFI 4.3");

/* EFI_TCG2_PROTOCOL_GUID and EFI_TCG2_FINAL_EVENTS_TABLE_GUID. */
static const struct efi_guid tcg2_guid = {
	.a = 0x607f766c,
	.b = 0x7455,
	.c = 0x42be,
	.d = {0x93, 0x0b, 0xe4, 0xd7, 0x6d, 0xb2, 0x72, 0x0f},
};
static const struct efi_guid final_events_guid = {
	.a = 0x1e2ed096,
	.b = 0x30e2,
	.c = 0x4254,
	.d = {0xbd, 0x89, 0x86, 0x3b, 0xbe, 0xf8, 0x23, 0x25},
};

static uint8_t map_buffer[MAP_BYTES] __attribute__((aligned(16)));

static const struct efi_system_table *system_table(const struct boot_loader *loader)
{
	return (const struct efi_system_table *)loader->efi_system_table;
}

static uint64_t config_table(const struct efi_system_table *system, const struct efi_guid *guid)
{
	uint64_t count = MIN(system->table_count, TABLES_LIMIT);

	for (uint64_t i = 0; i < count; i++) {
		if (memcmp(&system->tables[i].guid, guid, sizeof(*guid)) == 0) {
			return system->tables[i].table;
		}
	}
	return 0;
}

/* Where the log lies.  Its records are for Dom0's tools to read: the PCRs vouch for them.  Asking
 * has a side effect we want: from now on firmware also writes to the final events table.  NULL, or
 * what is wrong. */
static const char *take_log(const struct efi_system_table *system, struct boot_loader *loader)
{
	const struct efi_boot_services *services = system->boot_services;
	struct efi_tcg2 *tcg2 = NULL;
	uint64_t start = 0;
	uint64_t last = 0;
	uint64_t table;
	uint8_t truncated = 0;
	uint64_t status;

	status = services->locate_protocol(&tcg2_guid, NULL, (void **)&tcg2);
	if (status != 0 || tcg2 == NULL) {
		return "firmware has no TCG2 protocol";
	}
	status = tcg2->get_event_log(tcg2, TCG2_FORMAT_2, &start, &last, &truncated);
	if (status != 0 || start == 0) {
		return "firmware gives no crypto-agile event log";
	}
	/* The first record, of an older format, is about the log itself and never the last. */
	if (truncated || last <= start || last - start > LAST_LIMIT) {
		return "firmware's event log is truncated, empty or too long";
	}
	loader->log_base = start;
	loader->log_last = last - start;
	/* Had someone asked before us, then what came since is in both. */
	table = config_table(system, &final_events_guid);
	loader->final_skip = 0;
	if (table != 0) {
		loader->final_skip = ((const uint64_t *)table)[1]; /* after its version */
	}
	return NULL;
}

/* On the firmware's stack.  Prints nothing itself: until the exit has succeeded the firmware may
 * own the UART as well. */
static void leave(void *opaque)
{
	struct boot_loader *loader = opaque;
	const struct efi_system_table *system = system_table(loader);
	const struct efi_boot_services *services = system->boot_services;

	loader->log_problem = take_log(system, loader);
	for (int i = 0; i < EXIT_TRIES; i++) {
		uint64_t size = MAP_BYTES;
		uint64_t key = 0;
		uint64_t descriptor_size = 0;
		uint32_t version = 0;
		uint64_t status;

		status = services->get_memory_map(&size, map_buffer, &key, &descriptor_size,
						  &version);
		if (status != 0 || size > MAP_BYTES) {
			return;
		}
		/* A timer event may change the map in between: then the key is stale. */
		status = services->exit_boot_services(loader->efi_image_handle, key);
		if (status == 0) {
			loader->boot_services = !memmap_read_efi(&loader->memory, map_buffer, size,
								 descriptor_size);
			return;
		}
	}
}

/* head.S */
void firmware_call(void (*function)(void *), void *argument);

void efi_leave(struct boot_loader *loader)
{
	if (loader->efi_system_table == 0 || loader->efi_image_handle == 0) {
		boot_refuse("the boot loader gave no EFI system table or image handle");
	}
	if (system_table(loader)->signature != EFI_SYSTAB_SIGNATURE) {
		boot_refuse("the EFI system table has a wrong signature");
	}
	firmware_call(leave, loader);
	if (loader->boot_services) {
		boot_refuse("firmware: GetMemoryMap or ExitBootServices fails");
	}
	__asm__ volatile("cli");
}

/* The system table, when it and its configuration tables can be read. */
static const struct efi_system_table *reachable_tables(const struct boot_loader *loader)
{
	const struct efi_system_table *system =
		boot_physical(loader->efi_system_table, sizeof(*system));
	uint64_t bytes;

	if (system != NULL) {
		bytes = MIN(system->table_count, TABLES_LIMIT) * sizeof(*system->tables);
		if (boot_physical((uintptr_t)system->tables, bytes) != NULL) {
			return system;
		}
	}
	boot_refuse("the EFI tables lie above 4 GiB");
}

void efi_after(struct boot_loader *loader, struct boot_log *log)
{
	const struct efi_system_table *system = reachable_tables(loader);
	uint64_t base = loader->log_base;
	uint64_t log_bytes = loader->log_last + LAST_BYTES;
	uint64_t table = config_table(system, &final_events_guid);
	uint64_t final_bytes = 0;

	if (base == 0) {
		return;
	}
	if (table != 0) {
		final_bytes = FINAL_BYTES;
	}
	if (boot_physical(base, log_bytes) == NULL ||
	    (table != 0 && boot_physical(table, final_bytes) == NULL)) {
		loader->log_problem = "the event log lies above 4 GiB";
		return;
	}
	log->head = (struct corbel_boot_log){
		.final_bytes = final_bytes,
		.log_bytes = log_bytes,
		.last = loader->log_last,
		.final_skip = loader->final_skip,
	};
	memcpy(log->bytes, (const void *)table, final_bytes);
	memcpy(log->bytes + final_bytes, (const void *)base, log_bytes);
}
