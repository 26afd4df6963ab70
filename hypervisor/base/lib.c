/* SPDX-License-Identifier: MIT */
/*
 * Memory and string functions for freestanding code.  The compiler may call the mem* functions on
 * its own.  String instructions keep it from turning a loop here into a call of itself, and count
 * few instructions.
 */
#include "base/lib.h"

#ifndef CORBEL_HOST_TEST
void *memcpy(void *dst, const void *src, size_t len)
{
	void *to = dst;
	size_t words = len / 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(src), "+c"(words) : : "memory");
	len &= 7;
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(src), "+c"(len) : : "memory");
	return dst;
}

void *memmove(void *dst, const void *src, size_t len)
{
	if ((uintptr_t)dst - (uintptr_t)src >= len) {
		return memcpy(dst, src, len);
	}
	uint8_t *to = (uint8_t *)dst + len - 1;
	const uint8_t *from = (const uint8_t *)src + len - 1;

	__asm__ volatile("std; rep movsb; cld" : "+D"(to), "+S"(from), "+c"(len) : : "memory");
	return dst;
}

void *memset(void *dst, int c, size_t len)
{
	void *to = dst;
	size_t words = len / 8;
	uint64_t pattern = (uint8_t)c * 0x0101010101010101ull;

	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
	len &= 7;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(len) : "a"(pattern) : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;

	for (size_t i = 0; i < len; i++) {
		int difference = x[i] - y[i];

		if (difference != 0) {
			return difference;
		}
	}
	return 0;
}

size_t strlen(const char *s)
{
	const volatile char *at = s;

	while (*at != 0) {
		at++;
	}
	return (size_t)(at - s);
}
#endif

void copy_string(char *dst, size_t size, const char *src)
{
	size_t i = 0;

	if (size == 0) {
		return;
	}
	for (; i + 1 < size && src[i] != 0; i++) {
		dst[i] = src[i];
	}
	dst[i] = 0;
}

bool text_is(const char *text, size_t length, const char *name)
{
	return strlen(name) == length && memcmp(text, name, length) == 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

size_t word_length(const char *text)
{
	size_t i = 0;

	while (text[i] != 0 && !is_blank(text[i])) {
		i++;
	}
	return i;
}

const char *next_word(const char *text)
{
	text += word_length(text);
	while (is_blank(*text)) {
		text++;
	}
	return text;
}
