/* SPDX-License-Identifier: MIT */
/*
 * Debian's BearSSL was compiled for glibc's checked copies, which musl does not have.  The check is
 * done here: a copy beyond its destination ends the program.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

void *__memcpy_chk(void *to, const void *from, size_t size, size_t room);
void *__memmove_chk(void *to, const void *from, size_t size, size_t room);
void *__memset_chk(void *to, int byte, size_t size, size_t room);

void *__memcpy_chk(void *to, const void *from, size_t size, size_t room)
{
	if (size > room) {
		abort();
	}
	return memcpy(to, from, size);
}

void *__memmove_chk(void *to, const void *from, size_t size, size_t room)
{
	if (size > room) {
		abort();
	}
	return memmove(to, from, size);
}

void *__memset_chk(void *to, int byte, size_t size, size_t room)
{
	if (size > room) {
		abort();
	}
	return memset(to, byte, size);
}
