/* SPDX-License-Identifier: MIT */
/*
 * See console_ring.h.
 */
#include "tools/corbel/console_ring.h"

#define OUT_SIZE ((uint32_t)sizeof(((struct xencons_interface *)0)->out))
#define IN_SIZE  ((uint32_t)sizeof(((struct xencons_interface *)0)->in))

void console_ring_start(struct console_ring *ring, struct xencons_interface *page)
{
	ring->page = page;
	ring->out_cons = __atomic_load_n(&page->out_cons, __ATOMIC_RELAXED);
	ring->in_prod = __atomic_load_n(&page->in_prod, __ATOMIC_RELAXED);
}

bool console_ring_gone(const struct console_ring *ring)
{
	const struct xencons_interface *page = ring->page;

	return (ring->out_cons | ring->in_prod) != 0 &&
	       (__atomic_load_n(&page->out_prod, __ATOMIC_RELAXED) |
		__atomic_load_n(&page->out_cons, __ATOMIC_RELAXED) |
		__atomic_load_n(&page->in_prod, __ATOMIC_RELAXED) |
		__atomic_load_n(&page->in_cons, __ATOMIC_RELAXED)) == 0;
}

int console_ring_drain(struct console_ring *ring, char *to, size_t size)
{
	uint32_t prod = __atomic_load_n(&ring->page->out_prod, __ATOMIC_ACQUIRE);
	uint32_t used = prod - ring->out_cons;

	if (used > OUT_SIZE) {
		return -1;
	}
	if (used > size) {
		used = (uint32_t)size;
	}
	for (uint32_t i = 0; i < used; i++) {
		to[i] = ring->page->out[(ring->out_cons + i) % OUT_SIZE];
	}
	ring->out_cons += used;
	__atomic_store_n(&ring->page->out_cons, ring->out_cons, __ATOMIC_RELEASE);
	return (int)used;
}

int console_ring_feed(struct console_ring *ring, const char *from, size_t size)
{
	uint32_t cons = __atomic_load_n(&ring->page->in_cons, __ATOMIC_ACQUIRE);
	uint32_t used = ring->in_prod - cons, room;

	if (used > IN_SIZE) {
		return -1;
	}
	room = IN_SIZE - used;
	if (room > size) {
		room = (uint32_t)size;
	}
	for (uint32_t i = 0; i < room; i++) {
		ring->page->in[(ring->in_prod + i) % IN_SIZE] = from[i];
	}
	ring->in_prod += room;
	__atomic_store_n(&ring->page->in_prod, ring->in_prod, __ATOMIC_RELEASE);
	return (int)room;
}
