/* SPDX-License-Identifier: MIT */
/* What cpu/ asks of floors above: whose an interrupt is. */
#ifndef CPU_UPCALLS_H
#define CPU_UPCALLS_H
#include "base/must_check.h"
#include <stdbool.h>

/* ipc/pirq.c: a device's interrupt.  Interrupts are off and no lock is held, for they come in where
 * a guest exits or the CPU is idle and nowhere else.  false: it is nobody's. */
MUST_CHECK bool device_interrupt(unsigned vector);
#endif
