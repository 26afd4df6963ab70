/* SPDX-License-Identifier: MIT */
/*
 * See guest_vif.h.  Words without effect on a PVH guest are refused when they
 * ask for something that it would not get.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/corbel/guest_vif.h"

#define MTU_LOW    68u
#define MTU_HIGH   65535u
#define DEVID_HIGH 255

struct reader {
	char *why;
	size_t size;
};

static bool refuse(const struct reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool refuse(const struct reader *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->why, r->size, format, args);
	va_end(args);
	return false;
}

/* ---- values ---------------------------------------------------------------------------------- */

bool mac_parse(const char *text, uint8_t mac[6], char *why, size_t size)
{
	const struct reader r = {why, size};
	unsigned all = 0;

	for (int i = 0; i < 6; i++) {
		const char *pair = text + 3 * i;
		unsigned byte;

		if (strlen(text) != 17 || !isxdigit((unsigned char)pair[0]) ||
		    !isxdigit((unsigned char)pair[1]) || (i < 5 && pair[2] != ':') ||
		    sscanf(pair, "%2x", &byte) != 1) {
			return refuse(&r, "`%.40s' is no MAC address (00:16:3e:12:34:56)", text);
		}
		mac[i] = (uint8_t)byte;
		all |= byte;
	}
	if (mac[0] & 1) {
		return refuse(&r, "MAC address %s is a group's (multicast), not an interface's",
			      text);
	}
	return all || refuse(&r, "MAC address %s is nobody's", text);
}

void mac_format(const uint8_t mac[6], char text[18])
{
	for (int i = 0; i < 6; i++) {
		sprintf(text + 3 * i, i < 5 ? "%02x:" : "%02x", mac[i]);
	}
}

/* What is kept goes into a store, a script's environment and Dom0's notes. */
static bool keep(const struct reader *r, char *out, size_t size, const char *key, const char *value)
{
	if (strlen(value) >= size) {
		return refuse(r, "%s is longer than %zu bytes", key, size - 1);
	}
	for (const char *c = value; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			return refuse(r, "%s: byte 0x%02x is no text", key, (unsigned char)*c);
		}
	}
	strcpy(out, value);
	return true;
}

/* The kernel's rule for the name of an interface. */
static bool keep_interface(const struct reader *r, char out[VIF_NAME], const char *key,
			   const char *value)
{
	if (strpbrk(value, "/: \t") || !strcmp(value, ".") || !strcmp(value, "..")) {
		return refuse(r, "%s: `%.40s' cannot be an interface's name", key, value);
	}
	return keep(r, out, VIF_NAME, key, value);
}

static bool set_number(const struct reader *r, const char *key, const char *value, unsigned low,
		       unsigned high, unsigned *out)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)value[0]) || *end || errno || number < low || number > high) {
		return refuse(r, "%s must be %u to %u, not `%.40s'", key, low, high, value);
	}
	*out = (unsigned)number;
	return true;
}

/* ---- rate: 10MB/s, 250Kb/s@20ms -------------------------------------------------------------- */

/* Digits and then exactly one of the units; the rest of the text is left at *at. */
static bool take_scaled(const char **at, const char *const units[], const uint64_t scales[],
			uint64_t *out)
{
	unsigned long long number;
	char *unit;

	errno = 0;
	number = strtoull(*at, &unit, 10);
	/* xl reads a leading zero as octal. */
	if (!isdigit((unsigned char)**at) || errno ||
	    (**at == '0' && isdigit((unsigned char)(*at)[1]))) {
		return false;
	}
	for (size_t i = 0; units[i]; i++) {
		size_t length = strlen(units[i]);

		if (!strncmp(unit, units[i], length) && !isalpha((unsigned char)unit[length])) {
			*at = unit + length;
			return !__builtin_mul_overflow((uint64_t)number, scales[i], out);
		}
	}
	return false;
}

static bool set_rate(const struct reader *r, struct vif *vif, const char *value)
{
	static const char *const units[] = {"GB/s", "MB/s", "KB/s", "B/s", "Gb/s",
					    "Mb/s", "Kb/s", "b/s",  NULL};
	static const uint64_t bits[] = {8000000000, 8000000, 8000, 8, 1000000000, 1000000, 1000, 1};
	static const char *const intervals[] = {"us", "ms", "s", "", NULL};
	static const uint64_t microseconds[] = {1, 1000, 1000000, 1000000};
	uint64_t speed, interval = VIF_DEFAULT_INTERVAL;
	const char *at = value;

	if (!take_scaled(&at, units, bits, &speed) || (*at && *at != '@') || !speed) {
		return refuse(r, "rate: `%.40s' is not like 10MB/s or 1Mb/s@20ms", value);
	}
	if (*at++ == '@' && (!take_scaled(&at, intervals, microseconds, &interval) || *at ||
			     !interval || interval > UINT32_MAX)) {
		return refuse(r, "rate: bad interval in `%.40s'", value);
	}
	vif->rate = speed / 8;
	vif->rate_interval = (uint32_t)interval;
	if (!vif_credit(vif)) {
		return refuse(r, "rate: `%.40s' lets no byte pass in an interval", value);
	}
	return vif_credit(vif) <= UINT32_MAX || /* netback's counter */
	       refuse(r, "rate: `%.40s' is more than 4 GiB in an interval", value);
}

uint64_t vif_credit(const struct vif *vif)
{
	__uint128_t credit = (__uint128_t)vif->rate * vif->rate_interval / 1000000;

	return credit > UINT64_MAX ? UINT64_MAX : (uint64_t)credit;
}

/* ---- words ----------------------------------------------------------------------------------- */

static bool set_model(const struct reader *r, const char *key, const char *value)
{
	return !strcmp(value, "netfront") || !strcmp(value, "vif") ||
	       refuse(r, "%s `%.40s': a PVH guest has netfront alone, no emulated device", key,
		      value);
}

static bool set_key(const struct reader *r, struct vif *vif, const char *key, const char *value)
{
	unsigned devid;

	if (!strcmp(key, "mac")) {
		vif->has_mac = true;
		return mac_parse(value, vif->mac, r->why, r->size);
	}
	if (!strcmp(key, "bridge")) {
		return keep_interface(r, vif->bridge, key, value);
	}
	if (!strcmp(key, "gatewaydev") || !strcmp(key, "netdev")) {
		return keep_interface(r, vif->gatewaydev, key, value);
	}
	if (!strcmp(key, "vifname")) {
		return keep_interface(r, vif->vifname, key, value);
	}
	if (!strcmp(key, "ip")) {
		return keep(r, vif->ip, sizeof(vif->ip), key, value);
	}
	if (!strcmp(key, "script")) {
		return keep(r, vif->script, sizeof(vif->script), key, value);
	}
	if (!strcmp(key, "backend")) {
		return keep(r, vif->backend, sizeof(vif->backend), key, value);
	}
	if (!strcmp(key, "rate")) {
		return set_rate(r, vif, value);
	}
	if (!strcmp(key, "mtu")) {
		return set_number(r, key, value, MTU_LOW, MTU_HIGH, &vif->mtu);
	}
	if (!strcmp(key, "devid")) {
		if (!set_number(r, key, value, 0, DEVID_HIGH, &devid)) {
			return false;
		}
		vif->devid = (int)devid;
		return true;
	}
	if (!strcmp(key, "model") || !strcmp(key, "type")) {
		return set_model(r, key, value);
	}
	return refuse(r, "unknown parameter `%.40s='", key);
}

void vif_init(struct vif *vif)
{
	memset(vif, 0, sizeof(*vif));
	vif->devid = -1;
}

bool vif_set(struct vif *vif, const char *word, char *why, size_t size)
{
	const struct reader r = {why, size};
	const char *equals = strchr(word, '=');
	char key[24];

	word += strspn(word, " \t\n");
	if (!strcmp(word, "trusted") || !strcmp(word, "untrusted")) {
		vif->trusted = word[0] == 't';
		return true;
	}
	if (!equals || equals - word >= (ptrdiff_t)sizeof(key) || equals < word) {
		return refuse(&r, "unknown word `%.40s'", word);
	}
	snprintf(key, sizeof(key), "%.*s", (int)(equals - word), word);
	return set_key(&r, vif, key, equals + 1);
}

bool vif_parse(struct vif *vif, const char *text, char *why, size_t size)
{
	char word[VIF_WORD + 32];

	vif_init(vif);
	while (*text) {
		size_t length = strcspn(text, ",");
		const struct reader r = {why, size};

		if (length >= sizeof(word)) {
			return refuse(&r, "a word is longer than %zu bytes", sizeof(word) - 1);
		}
		memcpy(word, text, length);
		word[length] = '\0';
		if (word[strspn(word, " \t\n")] && !vif_set(vif, word, why, size)) {
			return false;
		}
		text += length + (text[length] == ',');
	}
	return true;
}

/* ---- the way back ---------------------------------------------------------------------------- */

void vif_format_text(const struct vif *vif, char *text, size_t size)
{
	const struct {
		const char *key, *value;
	} words[] = {
		{"bridge", vif->bridge}, {"gatewaydev", vif->gatewaydev}, {"vifname", vif->vifname},
		{"ip", vif->ip},         {"script", vif->script},         {"backend", vif->backend},
	};
	FILE *out = fmemopen(text, size, "w");
	char mac[18];

	text[0] = '\0';
	if (!out) {
		return;
	}
	fputs(vif->trusted ? "trusted" : "untrusted", out);
	if (vif->has_mac) {
		mac_format(vif->mac, mac);
		fprintf(out, ",mac=%s", mac);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i].value[0]) {
			fprintf(out, ",%s=%s", words[i].key, words[i].value);
		}
	}
	if (vif->rate) {
		fprintf(out, ",rate=%" PRIu64 "B/s@%uus", vif->rate, vif->rate_interval);
	}
	if (vif->mtu) {
		fprintf(out, ",mtu=%u", vif->mtu);
	}
	if (vif->devid >= 0) {
		fprintf(out, ",devid=%d", vif->devid);
	}
	fclose(out);
}
