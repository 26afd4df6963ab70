/* SPDX-License-Identifier: MIT */
/* The 16550 at COM1 (uart.h).  Belongs to the console alone; no domain gets its ports. */
#include "diag/uart.h"
#include "cpu/asm.h"

#define COM1           0x3F8
#define REG_DATA       (COM1 + 0)
#define REG_INTERRUPTS (COM1 + 1)
#define REG_FIFO       (COM1 + 2)
#define REG_LINE       (COM1 + 3)
#define REG_MODEM      (COM1 + 4)
#define REG_STATUS     (COM1 + 5)
#define REG_SCRATCH    (COM1 + 7)

#define LINE_8N1     0x03
#define LINE_DIVISOR 0x80
#define STATUS_READY 0x01
#define STATUS_EMPTY 0x20 /* room for a byte */
#define STATUS_IDLE  0x40 /* nothing left to send */

#define POLL_LIMIT 1000000u /* about a second */

static bool present;
static bool stuck; /* the last wait was in vain: drop bytes instead of waiting for each */

void uart_init(void)
{
	outb(REG_SCRATCH, 0x5A);
	present = inb(REG_SCRATCH) == 0x5A;
	outb(REG_SCRATCH, 0xA5);
	present &= inb(REG_SCRATCH) == 0xA5;
	if (!present) {
		return;
	}
	outb(REG_INTERRUPTS, 0);
	outb(REG_LINE, LINE_DIVISOR);
	outb(REG_DATA, 1); /* 115200 */
	outb(REG_INTERRUPTS, 0);
	outb(REG_LINE, LINE_8N1);
	outb(REG_FIFO, 0x01); /* on; what firmware left typed stays */
	outb(REG_MODEM, 0x03);
}

static bool wait_for(uint8_t bit)
{
	unsigned limit = stuck ? 1 : POLL_LIMIT;

	for (unsigned i = 0; i < limit; i++) {
		if (inb(REG_STATUS) & bit) {
			stuck = false;
			return true;
		}
		cpu_relax();
	}
	stuck = true;
	return false;
}

void uart_put(char c)
{
	if (present && wait_for(STATUS_EMPTY)) {
		outb(REG_DATA, (uint8_t)c);
	}
}

bool uart_get(char *c)
{
	if (!present || !(inb(REG_STATUS) & STATUS_READY)) {
		return false;
	}
	*c = (char)inb(REG_DATA);
	return true;
}

void uart_flush(void)
{
	if (present) {
		IGNORED(wait_for(STATUS_IDLE)); /* a stuck one is left alone from then on */
	}
}
