/* SPDX-License-Identifier: MIT */
/* The device (edu.h; registers: QEMU's docs/specs/edu.txt). */
#include "tests/attack/devices/edu.h"

#define PORT_ADDRESS 0xCF8
#define PORT_DATA    0xCFC
#define ENABLE       0x80000000u

#define COMMAND        0x04
#define COMMAND_MEMORY 0x2u
#define COMMAND_MASTER 0x4u

#define DMA_FROM  0x80
#define DMA_TO    0x88
#define DMA_COUNT 0x90
#define DMA_DO    0x98
#define RUN       1u
#define TO_MEMORY 2u
#define BUFFER    0x40000u

#define TRANSFER_NS 100000000ull

static uint8_t staging[PAGE_SIZE] __attribute__((aligned(4096)));

uint32_t config_read(uint32_t function, uint32_t reg)
{
	outl(PORT_ADDRESS, ENABLE | function << 8 | reg);
	return inl(PORT_DATA);
}

void config_write(uint32_t function, uint32_t reg, uint32_t value)
{
	outl(PORT_ADDRESS, ENABLE | function << 8 | reg);
	outl(PORT_DATA, value);
}

static volatile uint32_t *at(uint32_t reg)
{
	return (volatile uint32_t *)((uint64_t)CORBEL_PCI_WINDOW + reg);
}

void edu_open(void)
{
	config_write(EDU, COMMAND, COMMAND_MEMORY | COMMAND_MASTER);
}

uint32_t edu_word(void)
{
	return *at(0);
}

void edu_set(uint32_t reg, uint32_t value)
{
	*at(reg) = value;
}

static void start(uint64_t from, uint64_t to, uint32_t size, uint32_t how)
{
	*(volatile uint64_t *)at(DMA_FROM) = from;
	*(volatile uint64_t *)at(DMA_TO) = to;
	*(volatile uint64_t *)at(DMA_COUNT) = size;
	*at(DMA_DO) = RUN | how;
}

void edu_finish(void)
{
	uint64_t end = now_ns() + 100 * TRANSFER_NS;

	sleep_ns(TRANSFER_NS);
	while (*at(DMA_DO) & RUN) {
		if (now_ns() > end) {
			broken("edu: no end of a transfer");
		}
		sleep_ns(TRANSFER_NS / 50);
	}
}

void edu_read(uint64_t from, uint32_t size)
{
	start(from, BUFFER, size, 0);
	edu_finish();
}

void edu_start_write(uint64_t to, uint32_t size)
{
	start(BUFFER, to, size, TO_MEMORY);
}

void edu_write(uint64_t to, uint32_t size)
{
	edu_start_write(to, size);
	edu_finish();
}

void edu_fill(uint8_t byte)
{
	memset(staging, byte, EDU_CHUNK);
	edu_read((uintptr_t)staging, EDU_CHUNK);
}

bool edu_holds(uint8_t byte)
{
	memset(staging, ~byte, EDU_CHUNK);
	edu_write((uintptr_t)staging, EDU_CHUNK);
	for (unsigned i = 0; i < EDU_CHUNK; i++) {
		if (((volatile uint8_t *)staging)[i] != byte) {
			return false;
		}
	}
	return true;
}

bool edu_reaches(uint64_t address)
{
	edu_fill(0xA5);
	edu_write(address, EDU_CHUNK);
	edu_fill(0);
	edu_read(address, EDU_CHUNK);
	return !edu_holds(0);
}

bool edu_works(void)
{
	static uint8_t page[PAGE_SIZE] __attribute__((aligned(4096)));

	memset(page, 0, sizeof(page));
	return edu_reaches((uintptr_t)page) && page[0] == 0xA5 && page[EDU_CHUNK - 1] == 0xA5 &&
	       page[EDU_CHUNK] == 0;
}
