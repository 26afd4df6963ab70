/* SPDX-License-Identifier: MIT */
/*
 * Verbs network-attach, network-detach and network-list.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/corbel/corbel.h"
#include "tools/corbel/served.h"

/* ---- attach ---------------------------------------------------------------------------------- */

static int attach(struct served *served, struct vif *vif)
{
	struct guest_devices *devices = &served->entry.guest.devices;
	struct device device;
	uint32_t number = 0;
	int ret = vif_draw_mac(vif);

	if (ret) {
		return tool_error(ret, "no random MAC address");
	}
	while (vif->devid < 0 && served_find_number(served, "vif", number, &device)) {
		number++;
	}
	if (vif->devid < 0) {
		vif->devid = (int)number;
	}
	ret = vif_attach(served->store, served->domid, vif, served->why, sizeof(served->why));
	if (ret) {
		return tool_error(0, "cannot attach an interface to %s: %s",
				  domain_text(&served->entry), served->why);
	}
	if (devices->vif_count < GUEST_VIFS) {
		devices->vifs[devices->vif_count++] = *vif;
		served_note(served);
	} else {
		tool_error(0, "%s has %d interfaces in its note: a restart will not have this one",
			   domain_text(&served->entry), GUEST_VIFS);
	}
	return EXIT_OK;
}

int verb_network_attach(int argc, char **argv)
{
	static struct served served;
	char text[VIF_TEXT], why[160] = "too long";
	struct vif vif;
	int code;

	if (argc < 2) {
		return verb_usage("network-attach", 1);
	}
	if (!served_join(text, sizeof(text), argc - 2, argv + 2) ||
	    !vif_parse(&vif, text, why, sizeof(why))) {
		return tool_error(0, "interface: %s", why);
	}
	if (tool.dry_run) {
		vif_format_text(&vif, text, sizeof(text));
		printf("vif: %s\n", text);
		return EXIT_OK;
	}
	if (!served_open(&served, argv[1])) {
		return EXIT_ERROR;
	}
	code = attach(&served, &vif);
	served_close(&served);
	return code;
}

/* ---- detach ---------------------------------------------------------------------------------- */

static bool has_mac(struct xs_handle *store, const struct device *device, const void *argument)
{
	char mac[32];

	return xenstore_read(store, device->back, "mac", mac, sizeof(mac)) == 0 &&
	       !strcasecmp(mac, argument);
}

/* By number or MAC address. */
static bool find(struct served *served, const char *name, struct device *device)
{
	uint32_t number;
	char *end;

	if (strchr(name, ':')) {
		return served_find(served, "vif", has_mac, name, device);
	}
	number = (uint32_t)strtoul(name, &end, 10);
	return name[0] >= '0' && name[0] <= '9' && !*end &&
	       served_find_number(served, "vif", number, device);
}

static void forget(struct served *served, uint32_t number)
{
	struct guest_devices *devices = &served->entry.guest.devices;

	for (unsigned i = 0; i < devices->vif_count; i++) {
		if (devices->vifs[i].devid == (int)number) {
			devices->vif_count--;
			memmove(&devices->vifs[i], &devices->vifs[i + 1],
				(devices->vif_count - i) * sizeof(devices->vifs[0]));
			served_note(served);
			return;
		}
	}
}

static int detach(struct served *served, const char *name)
{
	struct device device;
	int ret;

	if (!find(served, name, &device)) {
		fprintf(stderr, "Unknown device %s.\n", name);
		return EXIT_ERROR;
	}
	ret = device_detach(served->store, &device, false, served->why, sizeof(served->why));
	if (!device_exists(served->store, &device)) {
		forget(served, device.number);
	}
	return ret ? tool_error(0, "interface %s of %s: %s", name, domain_text(&served->entry),
				served->why)
		   : EXIT_OK;
}

int verb_network_detach(int argc, char **argv)
{
	static struct served served;
	int code;

	if (argc < 3) {
		return verb_usage("network-detach", 2);
	}
	if (argc > 3) {
		return verb_extra("network-detach", argv[3]);
	}
	if (!served_open(&served, argv[1])) {
		return EXIT_ERROR;
	}
	code = detach(&served, argv[2]);
	served_close(&served);
	return code;
}

/* ---- list ------------------------------------------------------------------------------------ */

/* Of one queue the numbers are in the folder itself. */
static void print_vif(struct xs_handle *store, const struct device *device, void *argument)
{
	long port = served_number(store, device->front, "event-channel");
	char mac[18] = "00:00:00:00:00:00";

	(void)argument;
	if (port < 0) {
		port = served_number(store, device->front, "event-channel-tx");
	}
	xenstore_read(store, device->back, "mac", mac, sizeof(mac));
	printf("%-3u %-2u %s %6u %5d %6ld %5ld/%-11ld %-30s\n", device->number, device->backend,
	       mac, device->number, device_state(store, device->front), port,
	       served_number(store, device->front, "tx-ring-ref"),
	       served_number(store, device->front, "rx-ring-ref"), device->back);
}

int verb_network_list(int argc, char **argv)
{
	if (argc < 2) {
		return verb_usage("network-list", 1);
	}
	printf("%-3s %-2s %-17s %-6s %-5s %-6s %5s/%-5s %-30s\n", "Idx", "BE", "Mac Addr.",
	       "handle", "state", "evt-ch", "tx-", "rx-ring-ref", "BE-path");
	return served_list(argc - 1, argv + 1, "vif", print_vif);
}
