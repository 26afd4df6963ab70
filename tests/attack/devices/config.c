/* SPDX-License-Identifier: MIT */
/* What Dom0 sees and changes of configuration space, ports, and the window of base addresses. */
#include "tests/attack/devices/edu.h"

#define BUSES       256u
#define ON_A_BUS    256u
#define BAR         0x10u
#define BAR_SIZING  (~(uint32_t)(EDU_SIZE - 1))
#define HOST_WINDOW 0xFE000000ul /* firmware puts base addresses there */

/* Nobody answers but a host bridge and the device, whatever else the machine has. */
static void check_sweep(void)
{
	uint32_t found = 0, last = 0;

	for (uint32_t function = 0; function < BUSES * ON_A_BUS; function++) {
		if (config_read(function, 0) != UINT32_MAX) {
			found++;
			last = function;
		}
	}
	check_equal("two functions answer on all buses", found, 2);
	check_equal("the last of them is its device", last, EDU);
	check_true("the first is a bridge", config_read(0, 8) >> 16 == 0x0600);
	outl(0xCF8, 0x81000000 | EDU << 8);
	check_equal("extended registers are nobody's", inl(0xCFC), UINT32_MAX);
	outl(0xCF8, EDU << 8);
	check_equal("an address that is not enabled is nobody's", inl(0xCFC), UINT32_MAX);
}

static void write_all(uint32_t value)
{
	for (uint32_t reg = 0; reg < 256; reg += 4) {
		config_write(EDU, reg, value);
		for (uint16_t lane = 0; lane < 4; lane++) {
			outb((uint16_t)(0xCFC + lane), (uint8_t)value);
			outl((uint16_t)(0xCFC + lane), value);
		}
		outw(0xCFE, (uint16_t)value);
		outw(0xCFF, (uint16_t)value);
	}
}

static void check_registers(const char *name, uint32_t value)
{
	static uint32_t before[64];
	unsigned changed = 0;

	for (uint32_t reg = 0; reg < 256; reg += 4) {
		before[reg / 4] = config_read(EDU, reg);
	}
	write_all(value);
	/* A guest may have left the size there; both are written back as Linux does. */
	config_write(EDU, BAR, before[BAR / 4]);
	for (uint32_t reg = 0; reg < 0x40; reg += 4) {
		changed += reg != 4 && config_read(EDU, reg) != before[reg / 4];
	}
	check_equal(name, changed, 0);
	for (uint32_t reg = 0x40; reg < 256; reg += 4) {
		config_write(EDU, reg, before[reg / 4]);
	}
	edu_open();
	check_equal("its memory is there", edu_word(), EDU_WORD);
	check_true("it works as before", edu_works());
}

static void check_bar(void)
{
	config_write(EDU, BAR, UINT32_MAX);
	check_equal("its size", config_read(EDU, BAR), BAR_SIZING);
	config_write(EDU, BAR, 0xFEE00000);
	check_equal("it cannot be moved over the APIC", config_read(EDU, BAR), CORBEL_PCI_WINDOW);
	config_write(EDU, BAR, 0);
	check_equal("nor anywhere", config_read(EDU, BAR), CORBEL_PCI_WINDOW);
	check_equal("and is where it was", edu_word(), EDU_WORD);
	config_write(EDU, 4, 0);
	check_true("switched off it does not answer", edu_word() != EDU_WORD);
	edu_open();
	check_equal("switched on it is back", edu_word(), EDU_WORD);
}

/* Where firmware put its base address and the other device's, here there is neither. */
static void check_window(void)
{
	unsigned found = 0;

	for (uint64_t at = HOST_WINDOW; at < CORBEL_PCI_WINDOW_END; at += 0x40000) {
		found += *(volatile uint32_t *)at != UINT32_MAX;
	}
	check_equal("no device answers at the host's addresses", found, 0);
	for (uint64_t at = HOST_WINDOW; at < CORBEL_PCI_WINDOW_END; at += EDU_SIZE) {
		found += edu_reaches(at);
	}
	check_equal("nor does its device reach one there", found, 0);
}

/* Reset, SMI, sleep. */
static void check_ports(void)
{
	outb(0xCF9, 0x06);
	outb(0xCF9, 0x0E);
	outl(0xCF9, 0x0E0E0E0E);
	outw(0xCF8, 0x0E0E);
	outb(0x92, 1);
	outb(0x64, 0xFE);
	outb(0xB2, 0);
	outw(0x604, 0x2000);
	outl(0x604, 0x3C01);
	check_equal("ports read ones", inl(0x604), UINT32_MAX);
	check_equal("and neither reset nor put the machine to sleep", edu_word(), EDU_WORD);
}

void check_config(void)
{
	check_sweep();
	check_bar();
	check_registers("ones in all registers change none", UINT32_MAX);
	check_registers("zeros in all registers change none", 0);
	check_ports();
	check_window();
}
