/* SPDX-License-Identifier: MIT */
/* The per-CPU areas themselves (percpu.h). */
#include "cpu/percpu.h"

struct percpu percpu_area[MAX_CPUS];
uint32_t percpu_count = 1;
