/* SPDX-License-Identifier: MIT */
/*
 * PCI devices of a configuration: the list `pci`, in the syntax of xl-pci-configuration(5).
 */
#ifndef CORBEL_TOOL_GUEST_PCI_H
#define CORBEL_TOOL_GUEST_PCI_H
#include <stdio.h>

#include "tools/corbel/config.h"
#include "tools/lib/devices.h"

/* Returns 0, or -1 with config->error: "FILE:LINE: what is wrong".  Options without effect are said
 * on err. */
int guest_pci_take(struct device_list *devices, struct config *config, FILE *err);
/* Writes the setting; an empty list is left out. */
void guest_pci_write(const struct device_list *devices, FILE *out);

#endif
