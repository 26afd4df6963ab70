/* SPDX-License-Identifier: MIT */
/*
 * Names of virtual disks and their numbers (xen-vbd-interface(7)).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/corbel/guest_disk.h"

#define XVD_MAJOR   202u
#define SD_MAJOR    8u
#define HD_MAJOR_01 3u
#define HD_MAJOR_23 22u
#define EXTENDED    (1u << 28) /* for disks and partitions from 16 on */

#define XVD_DISKS      (1u << 20)
#define XVD_PARTITIONS 256u

/* A decimal number below limit without sign, blank or leading zero. */
static bool read_number(const char **at, unsigned limit, unsigned *number)
{
	const char *digit = *at;
	unsigned value = 0;

	if (!isdigit((unsigned char)*digit) ||
	    (*digit == '0' && isdigit((unsigned char)digit[1]))) {
		return false;
	}
	for (; isdigit((unsigned char)*digit); digit++) {
		value = value * 10 + (unsigned)(*digit - '0');
		if (value >= limit) {
			return false;
		}
	}
	*at = digit;
	*number = value;
	return true;
}

/* PREFIX, letters that count a, b, ... z, aa, ab, ..., and perhaps a partition. */
static bool read_lettered(const char *name, const char *prefix, unsigned disks, unsigned partitions,
			  unsigned *disk, unsigned *partition)
{
	const char *at = name + strlen(prefix);
	unsigned count = 0; /* one more than the disk's number */

	if (strncmp(name, prefix, strlen(prefix)) != 0 || *at < 'a' || *at > 'z') {
		return false;
	}
	for (; *at >= 'a' && *at <= 'z'; at++) {
		count = count * 26 + (unsigned)(*at - 'a') + 1;
		if (count > disks) {
			return false;
		}
	}
	*disk = count - 1;
	*partition = 0;
	return !*at || (read_number(&at, partitions, partition) && !*at);
}

/* dN or dNpM */
static bool read_counted(const char *name, unsigned *disk, unsigned *partition)
{
	const char *at = name + 1;

	*partition = 0;
	if (name[0] != 'd' || !read_number(&at, XVD_DISKS, disk)) {
		return false;
	}
	if (*at == 'p') {
		at++;
		return read_number(&at, XVD_PARTITIONS, partition) && !*at;
	}
	return !*at;
}

bool vdev_number(const char *name, uint32_t *number)
{
	unsigned disk, partition;
	unsigned long value;
	char *end;

	if (read_lettered(name, "xvd", XVD_DISKS, XVD_PARTITIONS, &disk, &partition) ||
	    read_counted(name, &disk, &partition)) {
		*number = disk < 16 && partition < 16 ? XVD_MAJOR << 8 | disk << 4 | partition
						      : EXTENDED | disk << 8 | partition;
		return true;
	}
	if (read_lettered(name, "sd", 16, 16, &disk, &partition)) {
		*number = SD_MAJOR << 8 | disk << 4 | partition;
		return true;
	}
	if (read_lettered(name, "hd", 4, 64, &disk, &partition)) {
		*number = (disk < 2 ? HD_MAJOR_01 : HD_MAJOR_23) << 8 | (disk & 1) << 6 | partition;
		return true;
	}
	/* The number itself: decimal, octal or hexadecimal. */
	if (!isdigit((unsigned char)name[0])) {
		return false;
	}
	value = strtoul(name, &end, 0);
	if (*end || value >= 2ul << 28) {
		return false;
	}
	*number = (uint32_t)value;
	return true;
}

static void put_lettered(const char *prefix, unsigned disk, unsigned partition, char *name,
			 size_t size)
{
	char letters[8];
	unsigned at = sizeof(letters) - 1;
	int used;

	letters[at] = '\0';
	for (disk++; disk && at; disk = (disk - 1) / 26) {
		letters[--at] = (char)('a' + (disk - 1) % 26);
	}
	used = snprintf(name, size, "%s%s", prefix, letters + at);
	if (partition && used > 0 && (size_t)used < size) {
		snprintf(name + used, size - (size_t)used, "%u", partition);
	}
}

void vdev_name(uint32_t number, char *name, size_t size)
{
	unsigned major = number >> 8, minor = number & 0xff;

	if (number >> 28 == 1) {
		put_lettered("xvd", number >> 8 & (XVD_DISKS - 1), minor, name, size);
	} else if (major == XVD_MAJOR) {
		put_lettered("xvd", minor >> 4, minor & 15, name, size);
	} else if (major == SD_MAJOR) {
		put_lettered("sd", minor >> 4, minor & 15, name, size);
	} else if ((major == HD_MAJOR_01 || major == HD_MAJOR_23) && minor < 128) {
		put_lettered("hd", (major == HD_MAJOR_23 ? 2 : 0) + (minor >> 6), minor & 63, name,
			     size);
	} else {
		snprintf(name, size, "%u", number);
	}
}
