/* SPDX-License-Identifier: MIT */
/*
 * The settings of a guest as JSON in xl's shape, for `list -l` and `create -n`.
 */
#ifndef CORBEL_TOOL_LIST_H
#define CORBEL_TOOL_LIST_H
#include "tools/corbel/guest.h"
#include "tools/corbel/json.h"

/* "disks" and "nics" of the map that is open. */
void list_json_devices(struct json *json, const struct guest_devices *devices);
/* "pcidevs", if there are any. */
void list_json_pci(struct json *json, const struct device_list *devices);
void list_json_config(struct json *json, const char *key, const struct guest *guest);

#endif
