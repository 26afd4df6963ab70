/* SPDX-License-Identifier: MIT */
/*
 * Memory functions that the compiler may call.  String instructions: no vector registers here.
 */
#include "builder-domain/lib.h"

void *memcpy(void *to, const void *from, size_t len)
{
	void *out = to;
	size_t words = len / 8, rest = len % 8;

	__asm__ volatile("rep movsq" : "+D"(out), "+S"(from), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(out), "+S"(from), "+c"(rest) : : "memory");
	return to;
}

void *memset(void *at, int byte, size_t len)
{
	void *out = at;
	uint64_t word = 0x0101010101010101ul * (uint8_t)byte;
	size_t words = len / 8, rest = len % 8;

	__asm__ volatile("rep stosq" : "+D"(out), "+c"(words) : "a"(word) : "memory");
	__asm__ volatile("rep stosb" : "+D"(out), "+c"(rest) : "a"(word) : "memory");
	return at;
}

int memcmp(const void *left, const void *right, size_t len)
{
	const uint8_t *l = left, *r = right;

	for (size_t i = 0; i < len; i++) {
		if (l[i] != r[i]) {
			return l[i] < r[i] ? -1 : 1;
		}
	}
	return 0;
}

size_t strlen(const char *text)
{
	size_t len = 0;

	while (text[len] != '\0') {
		len++;
		__asm__ volatile(""); /* or the compiler makes this loop a call of strlen() */
	}
	return len;
}
