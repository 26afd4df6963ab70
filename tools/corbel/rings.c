/* SPDX-License-Identifier: MIT */
/*
 * See rings.h.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/corbel/host.h"
#include "tools/corbel/rings.h"

#define BATCH   (4096 / sizeof(struct corbel_trace))
#define SEQ_MAX ((1ull << 56) - 1)

static void keep(struct rings *rings, const struct corbel_trace *records, size_t count)
{
	if (rings->count + count > rings->room) {
		rings->room = (rings->count + count) * 2;
		rings->records = realloc(rings->records, rings->room * sizeof(rings->records[0]));
		if (!rings->records) {
			fputs("out of memory\n", stderr);
			exit(1);
		}
	}
	memcpy(rings->records + rings->count, records, count * sizeof(records[0]));
	rings->count += count;
}

/* Counts what is missing before this record; false if it does not come after the one before. */
static bool follows(struct rings *rings, unsigned cpu, const struct corbel_trace *record)
{
	uint64_t expected = rings->read[cpu] + 1;

	if (record->seq < expected || record->seq > SEQ_MAX) {
		return false;
	}
	if (record->seq > expected) {
		rings->lost += record->seq - expected;
		if (record->time_ns > rings->gap_ns) {
			rings->gap_ns = record->time_ns;
		}
	}
	rings->read[cpu] = record->seq;
	return true;
}

/* A batch that is not full ends the ring: with every call recorded a reader would chase its own
 * tail.  -EINVAL: there is no such CPU. */
static int read_ring(struct rings *rings, unsigned cpu)
{
	struct corbel_trace batch[BATCH];
	uint64_t next, lost;
	size_t count;
	int ret;

	do {
		ret = host_corbel_read(CORBEL_OP_trace_read,
				       (rings->read[cpu] + 1) | (uint64_t)cpu << 56, batch,
				       sizeof(batch), &next, &lost);
		if (ret < 0) {
			return ret;
		}
		count = (size_t)ret / sizeof(batch[0]);
		if (!count) {
			return 0;
		}
		for (size_t i = 0; i < count; i++) {
			if (!follows(rings, cpu, &batch[i])) {
				return -EIO;
			}
		}
		keep(rings, batch, count);
	} while (count == BATCH);
	return 0;
}

static int by_time(const void *left, const void *right)
{
	const struct corbel_trace *a = left, *b = right;

	if (a->time_ns != b->time_ns) {
		return a->time_ns < b->time_ns ? -1 : 1;
	}
	if (a->cpu != b->cpu) {
		return a->cpu < b->cpu ? -1 : 1;
	}
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

int rings_read(struct rings *rings)
{
	int ret = 0;

	rings->count = 0;
	for (unsigned cpu = 0; cpu < RINGS_MAX && !ret; cpu++) {
		ret = read_ring(rings, cpu);
		if (ret == -EINVAL && cpu > 0) {
			break;
		}
		if (ret) {
			return ret;
		}
	}
	if (rings->count) {
		qsort(rings->records, rings->count, sizeof(rings->records[0]), by_time);
	}
	return 0;
}

void rings_free(struct rings *rings)
{
	free(rings->records);
	memset(rings, 0, sizeof(*rings));
}
