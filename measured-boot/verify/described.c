/* SPDX-License-Identifier: MIT */
/*
 * What may be believed of the text in a log's event.  The TPM vouches for digests; the text beside
 * one is anybody's, unless the digest is of that very text (PC Client PFP 1.06, table 27 "Events":
 * the types below).  EV_EFI_VARIABLE_BOOT's is of the variable's value alone.
 */
#include "measured-boot/verify/described.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static bool has_digest(const struct boot_event *event, const uint8_t *data, size_t size)
{
	uint8_t sha256[32], sha384[48];

	digest_both(data, size, sha256, sha384);
	return event_is(event, sha256, sha384);
}

static bool is_of_data(uint32_t type)
{
	static const uint32_t types[] = {
		EV_SEPARATOR,
		EV_EVENT_TAG,
		EV_S_CRTM_VERSION,
		EV_OMIT_BOOT_DEVICE_EVENTS,
		EV_EFI_VARIABLE_DRIVER_CONFIG,
		EV_EFI_VARIABLE_BOOT2,
		EV_EFI_VARIABLE_AUTHORITY,
		EV_EFI_ACTION,
		EV_EFI_GPT_EVENT,
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i] == type) {
			return true;
		}
	}
	return false;
}

static uint64_t number(const uint8_t *at)
{
	uint64_t value = 0;

	for (unsigned i = 8; i-- > 0;) {
		value = value << 8 | at[i];
	}
	return value;
}

/* UEFI_VARIABLE_DATA: GUID, characters of the name, bytes of the value, name in UTF-16, value. */
bool event_variable(const struct boot_event *event, struct event_variable *out)
{
	uint64_t characters, bytes;

	if ((event->type != EV_EFI_VARIABLE_DRIVER_CONFIG && event->type != EV_EFI_VARIABLE_BOOT &&
	     event->type != EV_EFI_VARIABLE_BOOT2 && event->type != EV_EFI_VARIABLE_AUTHORITY) ||
	    event->size < 32) {
		return false;
	}
	characters = number(event->data + 16);
	bytes = number(event->data + 24);
	if (characters > (event->size - 32) / 2 || bytes != event->size - 32 - 2 * characters) {
		return false;
	}
	out->name = event->data + 32;
	out->name_size = 2 * (size_t)characters;
	out->value = out->name + out->name_size;
	out->value_size = (size_t)bytes;
	return true;
}

enum event_truth event_truth(const struct boot_event *event)
{
	struct event_variable variable;

	if (has_digest(event, event->data, event->size)) {
		return EVENT_true;
	}
	if (event->type == EV_EFI_VARIABLE_BOOT && event_variable(event, &variable) &&
	    has_digest(event, variable.value, variable.value_size)) {
		return EVENT_value_true;
	}
	return is_of_data(event->type) || event->type == EV_EFI_VARIABLE_BOOT ? EVENT_false
									      : EVENT_unverified;
}
