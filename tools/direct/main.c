/* SPDX-License-Identifier: MIT */
/* The loader on the machine (direct.h): memory as it is, and a message on COM1 when it gives up. */
#include "direct.h"

#define COM1 0x3F8

static uint8_t information[DIRECT_LIMIT] __attribute__((aligned(8)));

const void *direct_physical(uint32_t address)
{
	return (const void *)(uintptr_t)address;
}

static void say(const char *text)
{
	for (; *text != 0; text++) {
		__asm__ volatile("outb %0, %1" : : "a"(*text), "Nd"((uint16_t)COM1));
	}
}

uint32_t direct_main(uint32_t magic, uint32_t address)
{
	const char *problem = direct_translate(information, magic, address);

	if (problem == 0) {
		return (uint32_t)(uintptr_t)information;
	}
	say("(direct) cannot start: ");
	say(problem);
	say("\r\n");
	for (;;) {
		__asm__ volatile("cli; hlt");
	}
}
