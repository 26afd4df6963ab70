/* SPDX-License-Identifier: MIT */
/*
 * What may be believed of the text in a log's event: nothing, but where the digest, for which the
 * TPM vouches, is of that text.
 */
#ifndef MEASURED_BOOT_VERIFY_DESCRIBED_H
#define MEASURED_BOOT_VERIFY_DESCRIBED_H
#include "measured-boot/verify/bootlog.h"

#define EV_S_CRTM_VERSION             0x00000008u
#define EV_OMIT_BOOT_DEVICE_EVENTS    0x00000012u
#define EV_EFI_VARIABLE_DRIVER_CONFIG 0x80000001u
#define EV_EFI_VARIABLE_BOOT          0x80000002u
#define EV_EFI_GPT_EVENT              0x80000006u
#define EV_EFI_ACTION                 0x80000007u
#define EV_EFI_FIRMWARE_BLOB          0x80000008u
#define EV_EFI_VARIABLE_BOOT2         0x8000000Cu
#define EV_EFI_VARIABLE_AUTHORITY     0x800000E0u

enum event_truth {
	EVENT_true,       /* the digest is of the text */
	EVENT_value_true, /* of a variable's value; its name is not covered */
	EVENT_unverified, /* it is of something else: the text may be anybody's */
	EVENT_false       /* it must be of the text by its type, and is not */
};

enum event_truth event_truth(const struct boot_event *event);

struct event_variable {
	const uint8_t *name, *value; /* in the log's bytes; the name is UTF-16 */
	size_t name_size, value_size;
};

/* False: no event of a variable, or not well formed. */
bool event_variable(const struct boot_event *event, struct event_variable *out);
#endif
