/* SPDX-License-Identifier: MIT */
/*
 * Address kinds as one-field structures, so that a guest number cannot be used as a host number.
 * frame = host 4 KiB frame number, gfn = guest frame number, gpa = guest-physical byte address.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT  12
#define PAGE_SIZE   4096ul
#define PAGE_MASK   (PAGE_SIZE - 1)
#define BLOCK_ORDER 9 /* 2 MiB */
#define BLOCK_SIZE  (PAGE_SIZE << BLOCK_ORDER)

typedef struct {
	uint64_t n;
} frame_t;

typedef struct {
	uint64_t n;
} gfn_t;

typedef struct {
	uint64_t a;
} gpa_t;

static inline frame_t frame_of(uint64_t host_physical)
{
	return (frame_t){host_physical >> PAGE_SHIFT};
}

static inline uint64_t frame_address(frame_t f)
{
	return f.n << PAGE_SHIFT;
}
#endif
