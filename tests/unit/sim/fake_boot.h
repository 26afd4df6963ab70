/* SPDX-License-Identifier: MIT */
/*
 * What the boot and console files stand on, for tests on the host: physical memory as one buffer,
 * printk() into a string, panic() and boot_refuse() as a jump that a test can expect, a UART that
 * records.
 */
#ifndef SIM_FAKE_BOOT_H
#define SIM_FAKE_BOOT_H
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_MEMORY_BASE 0x100000u

/* Host-physical [FAKE_MEMORY_BASE, + size) is this buffer, exactly, so that the sanitizer sees a
 * byte too many; module bounds are checked only against the 4 GiB limit. */
extern const uint8_t *fake_memory;
extern size_t fake_memory_size;

extern char fake_output[4096]; /* what printk() or the UART got */
extern size_t fake_output_length;
extern const char *fake_typed; /* what the UART has to give */
extern bool fake_panicking;
extern uint64_t fake_now;

extern jmp_buf fake_panic_exit;
extern char fake_panic_text[256];

/* True if `statement` panics or refuses; fake_panic_text says why. */
#define PANICS(statement)                                                                          \
	({                                                                                         \
		bool panicked_ = setjmp(fake_panic_exit) != 0;                                     \
		if (!panicked_) {                                                                  \
			statement;                                                                 \
		}                                                                                  \
		panicked_;                                                                         \
	})
void fake_boot_reset(void);
#endif
