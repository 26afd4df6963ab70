/* SPDX-License-Identifier: MIT */
/*
 * Verbs block-attach, block-detach and block-list.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/corbel/corbel.h"
#include "tools/corbel/served.h"
#include "tools/corbel/tree.h"

/* ---- attach ---------------------------------------------------------------------------------- */

static int attach(struct served *served, const struct disk *disk)
{
	struct guest_devices *devices = &served->entry.guest.devices;
	int ret;

	tree_sweep(served->store);
	ret = disk_attach(served->store, served->domid, disk, served->why, sizeof(served->why));
	if (ret) {
		return tool_error(0, "cannot attach %s to %s: %s", disk->vdev,
				  domain_text(&served->entry), served->why);
	}
	if (devices->disk_count < GUEST_DISKS) {
		devices->disks[devices->disk_count++] = *disk;
		served_note(served);
	} else {
		tool_error(0, "%s has %d disks in its note: a restart will not have %s",
			   domain_text(&served->entry), GUEST_DISKS, disk->vdev);
	}
	return EXIT_OK;
}

int verb_block_attach(int argc, char **argv)
{
	static struct served served;
	char text[DISK_TEXT], why[160] = "too long";
	struct disk disk;
	int code;

	if (argc < 3) {
		return verb_usage("block-attach", 2);
	}
	if (!served_join(text, sizeof(text), argc - 2, argv + 2) ||
	    !disk_parse(&disk, text, why, sizeof(why))) {
		return tool_error(0, "disk `%.80s': %s", text, why);
	}
	if (tool.dry_run) {
		disk_format_text(&disk, text, sizeof(text));
		printf("disk: %s\n", text);
		return EXIT_OK;
	}
	if (!served_open(&served, argv[1])) {
		return EXIT_ERROR;
	}
	code = attach(&served, &disk);
	served_close(&served);
	return code;
}

/* ---- detach ---------------------------------------------------------------------------------- */

static void forget(struct served *served, uint32_t number)
{
	struct guest_devices *devices = &served->entry.guest.devices;

	for (unsigned i = 0; i < devices->disk_count; i++) {
		if (devices->disks[i].number == number) {
			devices->disk_count--;
			memmove(&devices->disks[i], &devices->disks[i + 1],
				(devices->disk_count - i) * sizeof(devices->disks[0]));
			served_note(served);
			return;
		}
	}
}

static int detach(struct served *served, const char *name, bool force)
{
	struct device device;
	uint32_t number;
	int ret;

	if (!vdev_number(name, &number) || !served_find_number(served, "vbd", number, &device)) {
		fprintf(stderr, "Error: Device %s not connected.\n", name);
		return EXIT_ERROR;
	}
	ret = device_detach(served->store, &device, force, served->why, sizeof(served->why));
	if (!device_exists(served->store, &device)) {
		forget(served, number);
	}
	return ret ? tool_error(0, "%s of %s: %s", name, domain_text(&served->entry), served->why)
		   : EXIT_OK;
}

int verb_block_detach(int argc, char **argv)
{
	static const struct option longs[] = {
		{"force", no_argument, NULL, 'f'},
		{NULL, 0, NULL, 0},
	};
	static struct served served;
	bool force = false;
	int option, code;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option != 'f') {
			return verb_usage("block-detach", 0);
		}
		force = true;
	}
	if (argc - optind < 2) {
		return verb_usage("block-detach", 2);
	}
	if (argc - optind > 2) {
		return verb_extra("block-detach", argv[optind + 2]);
	}
	if (!served_open(&served, argv[optind])) {
		return EXIT_ERROR;
	}
	code = detach(&served, argv[optind + 1], force);
	served_close(&served);
	return code;
}

/* ---- list ------------------------------------------------------------------------------------ */

static void print_disk(struct xs_handle *store, const struct device *device, void *argument)
{
	(void)argument;
	printf("%-5u %-3u %-6u %-5d %-6ld %-8ld %-30s\n", device->number, device->backend,
	       device->domid, device_state(store, device->front),
	       served_number(store, device->front, "event-channel"),
	       served_number(store, device->front, "ring-ref"), device->back);
}

int verb_block_list(int argc, char **argv)
{
	if (argc < 2) {
		return verb_usage("block-list", 1);
	}
	printf("%-5s %-3s %-6s %-5s %-6s %-8s %-30s\n", "Vdev", "BE", "handle", "state", "evt-ch",
	       "ring-ref", "BE-path");
	return served_list(argc - 1, argv + 1, "vbd", print_disk);
}
