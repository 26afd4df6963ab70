/* SPDX-License-Identifier: MIT */
/*
 * Verb pci-list: the PCI devices of a domain, as the hypervisor has them in the record of its
 * launch, and in xl's form.
 */
#include <stdio.h>

#include "tools/corbel/corbel.h"
#include "tools/corbel/host.h"
#include "tools/corbel/names.h"
#include "tools/lib/devices.h"

int verb_pci_list(int argc, char **argv)
{
	struct corbel_launch_info info = {0};
	char text[DEVICE_TEXT];
	int ret;

	if (argc < 2) {
		return verb_usage("pci-list", 1);
	}
	if (argc > 2) {
		return verb_extra("pci-list", argv[2]);
	}
	if (!tool_domain(argv[1], &info.domid)) {
		return EXIT_ERROR;
	}
	ret = host_corbel(CORBEL_OP_launch_info, &info, sizeof(info));
	if (ret < 0) {
		return tool_call_error(ret, CALL_CORBEL(CORBEL_OP_launch_info),
				       "cannot read the launch record of domain %s", argv[1]);
	}
	for (uint32_t i = 0; i < info.record.device_count && i < CORBEL_LOG_DEVICES; i++) {
		device_format(info.record.devices[i], text);
		/* The domain sees its host bridge in slot 0 and then its devices, in this order. */
		printf("%s%02x.0 0000:%s\n", i ? "" : "Vdev Device\n", i + 1, text);
	}
	return EXIT_OK;
}
