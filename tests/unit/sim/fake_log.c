/* SPDX-License-Identifier: MIT */
/*
 * See fake_log.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/fake_log.h"
#include "tools/corbel/host.h"

struct fake_log *fake_log;

void fake_log_init(void)
{
	if (!fake_log) {
		fake_log = mmap(NULL, sizeof(*fake_log), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (fake_log == MAP_FAILED) {
			abort();
		}
	}
	memset(fake_log, 0, sizeof(*fake_log));
	memset(fake_log->boot_id, 0xb0, sizeof(fake_log->boot_id));
	fake_log_add(CORBEL_LOG_boot, CORBEL_LOG_NONE);
	fake_log_add(CORBEL_LOG_launch, 0);
}

struct corbel_log_record *fake_log_add(enum corbel_log_type type, uint16_t domid)
{
	struct corbel_log_record *record = &fake_log->record[fake_log->count];

	memset(record, 0, sizeof(*record));
	memcpy(record->magic, CORBEL_LOG_MAGIC, sizeof(record->magic));
	record->type = type;
	record->domid = domid;
	record->index = fake_log->count;
	memset(record->salt, (int)(record->index * 37), sizeof(record->salt));
	memcpy(record->boot_id, fake_log->boot_id, sizeof(record->boot_id));
	fake_log->count++;
	return record;
}

int host_corbel_log_read(struct corbel_log_read *read, void *buffer)
{
	struct corbel_log_record *to = buffer;
	uint64_t first = read->first, slot = first % CORBEL_LOG_RING, count;

	if (fake_log->before) {
		fake_log->before(read);
	}
	if (fake_log->error) {
		return fake_log->error;
	}
	if (read->size > 4096 || read->size % sizeof(*to)) {
		return -EINVAL;
	}
	if (read->stored > fake_log->count || first > fake_log->count || first < fake_log->stored ||
	    first < read->stored) {
		return -ENOENT;
	}
	count = fake_log->count - first;
	count = count < read->size / sizeof(*to) ? count : read->size / sizeof(*to);
	count = count < CORBEL_LOG_RING - slot ? count : CORBEL_LOG_RING - slot;
	for (uint64_t i = 0; i < count; i++) {
		to[i] = fake_log->record[first + i];
		if (fake_log->change) {
			fake_log->change(&to[i]);
		}
	}
	if (read->stored > fake_log->stored) {
		fake_log->stored = read->stored;
	}
	read->filled = (uint32_t)(count * sizeof(*to));
	read->count = fake_log->count;
	memcpy(read->boot_id, fake_log->boot_id, sizeof(read->boot_id));
	read->boot_id[0] ^= fake_log->other_boot;
	return 0;
}

int host_corbel(enum corbel_op op, void *argument, size_t size)
{
	struct corbel_host_info *info = argument;

	if (op == CORBEL_OP_host_info && size == sizeof(*info)) {
		memset(info, 0, sizeof(*info));
		memcpy(info->boot_id, fake_log->boot_id, sizeof(info->boot_id));
		return 0;
	}
	return fake_log->call ? fake_log->call(op, argument) : -ENOSYS;
}

int host_corbel_read(enum corbel_op op, uint64_t offset, void *buffer, uint32_t size,
		     uint64_t *next, uint64_t *lost)
{
	const uint64_t head = sizeof(struct corbel_boot_log), end = head + FAKE_BOOT_LOG;
	uint64_t left = offset < end ? end - offset : 0;

	if (op != CORBEL_OP_boot_log) {
		return -ENOSYS;
	}
	if (fake_log->boot_error) {
		return fake_log->boot_error;
	}
	left = left < size ? left : size;
	for (uint64_t i = 0; i < left; i++) {
		uint64_t at = offset + i;

		((uint8_t *)buffer)[i] =
			at < head ? fake_log->bad_boot : (uint8_t)((at - head) * 131 >> 3);
	}
	*next = offset + left;
	*lost = 0;
	return (int)left;
}
