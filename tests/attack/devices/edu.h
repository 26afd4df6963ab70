/* SPDX-License-Identifier: MIT */
/*
 * QEMU's `edu` device as Dom0 drives it that was given it: 00:01.0, with a buffer in the device
 * that it copies from and to memory.  A transfer of any size takes 0.1 s of the machine's time.
 */
#ifndef DEVICES_EDU_H
#define DEVICES_EDU_H
#include "tests/guest/lib/xen.h"

#define EDU      (1u << 3) /* its number on bus 0 */
#define EDU_ID   0x11E81234u
#define EDU_WORD 0x010000EDu /* what its memory begins with */
#define EDU_SIZE 0x100000ul

#define EDU_RAISE 0x60u
#define EDU_CLEAR 0x64u

uint32_t config_read(uint32_t function, uint32_t reg);
void config_write(uint32_t function, uint32_t reg, uint32_t value);

/* Its memory and DMA on. */
void edu_open(void);
uint32_t edu_word(void); /* the first of its memory */
void edu_set(uint32_t reg, uint32_t value);
/* Between memory and the device's buffer; size: below 4096. */
void edu_read(uint64_t from, uint32_t size);
void edu_write(uint64_t to, uint32_t size);
/* The same in two steps: it is told now, and writes 0.1 s later. */
void edu_start_write(uint64_t to, uint32_t size);
void edu_finish(void);

#define EDU_CHUNK 256u
/* The first EDU_CHUNK bytes of the device's buffer. */
void edu_fill(uint8_t byte);
bool edu_holds(uint8_t byte);
/* The device writes there, and reads what it then finds: true if any of it arrived, or anything
 * else was there. */
bool edu_reaches(uint64_t address);
bool edu_works(void); /* between pages of this domain */

/* The groups of checks. */
void check_memory(void);
void check_lent(void);
void check_interrupts(void);
void check_config(void);
#endif
