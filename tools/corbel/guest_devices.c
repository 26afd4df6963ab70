/* SPDX-License-Identifier: MIT */
/*
 * See guest_devices.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "tools/corbel/guest_devices.h"

/* "FILE:LINE: WHAT" of a list's item. */
static int fail_at(struct config *config, const char *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail_at(struct config *config, const char *where, const char *format, ...)
{
	int used = snprintf(config->error, sizeof(config->error), "%s", where);
	va_list args;

	va_start(args, format);
	vsnprintf(config->error + used, sizeof(config->error) - (size_t)used, format, args);
	va_end(args);
	return -1;
}

static void set_where(const struct config_value *item, char *where, size_t size)
{
	snprintf(where, size, "%.120s:%u: ", item->source, item->line);
}

static int take_disk(struct guest_devices *devices, struct config *config,
		     const struct config_value *item)
{
	struct disk *disk = &devices->disks[devices->disk_count];
	char where[DISK_WHERE], why[160];
	bool good = disk_parse(disk, item->text, why, sizeof(why));

	set_where(item, where, sizeof(where));
	if (!good) {
		return fail_at(config, where, "disk `%.80s': %s", item->text, why);
	}
	for (unsigned i = 0; i < devices->disk_count; i++) {
		if (devices->disks[i].number == disk->number) {
			return fail_at(config, where, "disk: there are two %s", disk->vdev);
		}
	}
	strcpy(disk->where, where);
	devices->disk_count++;
	return 0;
}

static int take_vif(struct guest_devices *devices, struct config *config,
		    const struct config_value *item)
{
	struct vif *vif = &devices->vifs[devices->vif_count];
	char where[VIF_WHERE], why[160];
	bool good = vif_parse(vif, item->text, why, sizeof(why));

	set_where(item, where, sizeof(where));
	if (!good) {
		return fail_at(config, where, "vif: %s", why);
	}
	for (unsigned i = 0; i < devices->vif_count; i++) {
		const struct vif *other = &devices->vifs[i];

		if (vif->has_mac && other->has_mac && !memcmp(vif->mac, other->mac, 6)) {
			return fail_at(config, where, "vif: two have the same MAC address");
		}
		if (vif->devid >= 0 && vif->devid == other->devid) {
			return fail_at(config, where, "vif: two have devid %d", vif->devid);
		}
		if (vif->vifname[0] && !strcmp(vif->vifname, other->vifname)) {
			return fail_at(config, where, "vif: two are called %s", vif->vifname);
		}
	}
	strcpy(vif->where, where);
	devices->vif_count++;
	return 0;
}

static int take_list(struct guest_devices *devices, struct config *config, const char *key,
		     size_t limit,
		     int (*take)(struct guest_devices *devices, struct config *config,
				 const struct config_value *item))
{
	const struct config_value *item;
	size_t count = 0;
	int found;

	found = config_list_count(config, key, &count);
	for (size_t i = 0; found > 0 && i < count; i++) {
		found = config_list_item(config, key, i, &item);
		if (found > 0 && i >= limit) {
			return config_fail(config, key, "`%s': more than %zu", key, limit);
		}
		if (found < 0 || take(devices, config, item)) {
			return -1;
		}
	}
	return found < 0 ? -1 : 0;
}

int guest_devices_take(struct guest_devices *devices, struct config *config)
{
	devices->disk_count = devices->vif_count = 0;
	if (take_list(devices, config, "disk", GUEST_DISKS, take_disk)) {
		return -1;
	}
	return take_list(devices, config, "vif", GUEST_VIFS, take_vif);
}

void guest_devices_write(const struct guest_devices *devices, FILE *out)
{
	char disk[DISK_TEXT], vif[VIF_TEXT];

	for (unsigned i = 0; i < devices->disk_count; i++) {
		disk_format_text(&devices->disks[i], disk, sizeof(disk));
		fputs(i ? ",\n  " : "disk = [\n  ", out);
		config_write_string(out, disk);
	}
	fputs(devices->disk_count ? "\n]\n" : "", out);
	for (unsigned i = 0; i < devices->vif_count; i++) {
		vif_format_text(&devices->vifs[i], vif, sizeof(vif));
		fputs(i ? ",\n  " : "vif = [\n  ", out);
		config_write_string(out, vif);
	}
	fputs(devices->vif_count ? "\n]\n" : "", out);
}

static bool devid_is_taken(const struct guest_devices *devices, int devid)
{
	for (unsigned i = 0; i < devices->vif_count; i++) {
		if (devices->vifs[i].devid == devid) {
			return true;
		}
	}
	return false;
}

int vif_draw_mac(struct vif *vif)
{
	static const uint8_t xen[3] = {0x00, 0x16, 0x3e};

	if (vif->has_mac) {
		return 0;
	}
	memcpy(vif->mac, xen, sizeof(xen));
	if (getrandom(vif->mac + 3, 3, 0) != 3) {
		return -errno;
	}
	vif->mac[3] &= 0x7f; /* the half that Xen's toolstacks give out */
	vif->has_mac = true;
	return 0;
}

int guest_devices_complete(struct guest_devices *devices)
{
	for (unsigned i = 0; i < devices->vif_count; i++) {
		struct vif *vif = &devices->vifs[i];
		int devid = 0, ret = vif_draw_mac(vif);

		if (ret) {
			return ret;
		}
		while (vif->devid < 0 && devid_is_taken(devices, devid)) {
			devid++;
		}
		if (vif->devid < 0) {
			vif->devid = devid;
		}
	}
	return 0;
}
