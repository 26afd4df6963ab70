/* SPDX-License-Identifier: MIT */
/* The check of JSON text that comes before json-c: see json_scan.c. */
#ifndef MEASURED_BOOT_VERIFY_JSON_SCAN_H
#define MEASURED_BOOT_VERIFY_JSON_SCAN_H
#include "measured-boot/verify/json.h"

/* False: a fault was recorded at `root`. */
bool json_scan(const struct json_node *root, const char *text, size_t length);
#endif
