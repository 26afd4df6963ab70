/* SPDX-License-Identifier: MIT */
/*
 * Disks and interfaces of a configuration as JSON, in xl's shape: what is at its default is left
 * out.
 */
#include "tools/corbel/list.h"

static void text_if(struct json *json, const char *key, const char *text)
{
	if (text[0]) {
		json_text(json, key, text);
	}
}

static void json_disk(struct json *json, const struct disk *disk)
{
	json_open_map(json, NULL);
	text_if(json, "backend_domname", disk->backend);
	json_text(json, "pdev_path", disk->target);
	json_text(json, "vdev", disk->vdev);
	json_text(json, "format", disk_format_name(disk->format));
	text_if(json, "script", disk->script);
	if (disk->access != DISK_read) {
		json_number(json, "readwrite", 1);
	}
	if (disk->access == DISK_shared) {
		json_text(json, "access", disk_access_name(disk->access));
	}
	if (disk->direct_io_safe) {
		json_text(json, "direct_io_safe", "True");
	}
	if (disk->no_discard) {
		json_text(json, "discard_enable", "False");
	}
	if (disk->trusted) {
		json_text(json, "trusted", "True");
	}
	json_close_map(json);
}

static void json_vif(struct json *json, const struct vif *vif)
{
	char mac[18];

	json_open_map(json, NULL);
	text_if(json, "backend_domname", vif->backend);
	if (vif->devid >= 0) {
		json_number(json, "devid", vif->devid);
	}
	if (vif->mtu) {
		json_number(json, "mtu", vif->mtu);
	}
	if (vif->has_mac) { /* else drawn when it is built */
		mac_format(vif->mac, mac);
		json_text(json, "mac", mac);
	}
	text_if(json, "ip", vif->ip);
	text_if(json, "bridge", vif->bridge);
	text_if(json, "ifname", vif->vifname);
	text_if(json, "script", vif->script);
	if (vif->rate) {
		json_number(json, "rate_bytes_per_interval", (long long)vif_credit(vif));
		json_number(json, "rate_interval_usecs", vif->rate_interval);
	}
	text_if(json, "gatewaydev", vif->gatewaydev);
	if (vif->trusted) {
		json_text(json, "trusted", "True");
	}
	json_close_map(json);
}

void list_json_pci(struct json *json, const struct device_list *devices)
{
	if (!devices->count) {
		return;
	}
	json_open_array(json, "pcidevs");
	for (uint32_t i = 0; i < devices->count; i++) {
		const uint16_t function = devices->function[i];

		json_open_map(json, NULL);
		json_number(json, "func", function & 7);
		json_number(json, "dev", function >> 3 & 0x1f);
		json_number(json, "bus", function >> 8);
		json_close_map(json);
	}
	json_close_array(json);
}

void list_json_devices(struct json *json, const struct guest_devices *devices)
{
	if (devices->disk_count) {
		json_open_array(json, "disks");
		for (unsigned i = 0; i < devices->disk_count; i++) {
			json_disk(json, &devices->disks[i]);
		}
		json_close_array(json);
	}
	if (devices->vif_count) {
		json_open_array(json, "nics");
		for (unsigned i = 0; i < devices->vif_count; i++) {
			json_vif(json, &devices->vifs[i]);
		}
		json_close_array(json);
	}
}
