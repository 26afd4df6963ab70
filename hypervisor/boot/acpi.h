/* SPDX-License-Identifier: MIT */
/* The few facts wanted from firmware's ACPI tables, while the boot page tables still map them. */
#ifndef BOOT_ACPI_H
#define BOOT_ACPI_H
#include <stdbool.h>
#include <stdint.h>

/* True: a TPM2 table says that a TPM answers as FIFO (TIS) at the fixed address. */
bool acpi_has_tis(uint64_t rsdp);
#endif
