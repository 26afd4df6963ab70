/* SPDX-License-Identifier: MIT */
/*
 * Every key of xl.cfg(5) that is read here or may be left without effect, and
 * what happens to it.
 */
#include <string.h>

#include "tools/corbel/guest.h"

enum key_use {
	KEY_used,    /* read by guest.c */
	KEY_idle,    /* no effect here, said once */
	KEY_device,  /* must be absent or an empty list */
	KEY_refused, /* would change what is launched: must be absent or empty */
};

static const struct {
	const char *name;
	enum key_use use;
} keys[] = {
	{"name", KEY_used},
	{"uuid", KEY_used},
	{"kernel", KEY_used},
	{"ramdisk", KEY_used},
	{"cmdline", KEY_used},
	{"extra", KEY_used},
	{"root", KEY_used},
	{"memory", KEY_used},
	{"maxmem", KEY_used},
	{"vcpus", KEY_used},
	{"maxvcpus", KEY_used},
	{"cpu_weight", KEY_used},
	{"seclabel", KEY_used},
	{"owner_manifest", KEY_used},
	{"type", KEY_used},
	{"builder", KEY_used},
	{"on_poweroff", KEY_used},
	{"on_reboot", KEY_used},
	{"on_crash", KEY_used},
	{"on_watchdog", KEY_idle},
	{"on_soft_reset", KEY_idle},
	{"cpu_cap", KEY_idle},
	{"cap", KEY_idle},
	{"cpu", KEY_idle},
	{"cpus", KEY_idle},
	{"cpus_soft", KEY_idle},
	{"pool", KEY_idle},
	{"hap", KEY_idle},
	{"acpi", KEY_idle},
	{"apic", KEY_idle},
	{"pae", KEY_idle},
	{"nomigrate", KEY_idle},
	{"localtime", KEY_idle},
	{"rtc_timeoffset", KEY_idle},
	{"shadow_memory", KEY_idle},
	{"tsc_mode", KEY_idle},
	{"timer_mode", KEY_idle},
	{"max_event_channels", KEY_idle},
	{"max_grant_frames", KEY_idle},
	{"max_maptrack_frames", KEY_idle},
	{"serial", KEY_idle},
	{"vnc", KEY_idle},
	{"sdl", KEY_idle},
	{"dhcp", KEY_idle},
	{"disk", KEY_used},
	{"vif", KEY_used},
	{"vif2", KEY_device},
	{"pci", KEY_used},
	{"pci_msitranslate", KEY_idle},
	{"pci_power_mgmt", KEY_idle},
	{"pci_seize", KEY_idle},
	{"pci_permissive", KEY_refused},
	{"channel", KEY_device},
	{"p9", KEY_device},
	{"vfb", KEY_device},
	{"vkb", KEY_device},
	{"vtpm", KEY_device},
	{"usbctrl", KEY_device},
	{"usbdev", KEY_device},
	{"irqs", KEY_device},
	{"iomem", KEY_device},
	{"ioports", KEY_device},
	{"dtdev", KEY_device},
	{"virtio", KEY_device},
	{"vdispl", KEY_device},
	{"vsnd", KEY_device},
	{"pvcalls", KEY_device},
	{"usbdevice", KEY_device},
	{"soundhw", KEY_device},
	{"rdm", KEY_device},
	{"firmware", KEY_refused},
	{"bootloader", KEY_refused},
	{"init_seclabel", KEY_refused},
	{"nestedhvm", KEY_refused},
	{"driver_domain", KEY_used},
	{"pvshim", KEY_refused},
	{"pvshim_path", KEY_idle},
	{"pvshim_cmdline", KEY_idle},
	{"pvshim_extra", KEY_idle},
	{"vnuma", KEY_refused},
	{"device_model_override", KEY_refused},
	{"passthrough", KEY_refused},
	{"cpuid", KEY_idle},
};

static bool value_is_empty(const struct config_value *value)
{
	if (value->kind == CONFIG_LIST) {
		return value->count == 0;
	}
	return !value->text[0] || !strcmp(value->text, "0");
}

static bool names_devices(const struct config *config)
{
	const struct config_setting *pci = config_find(config, "pci");

	return pci && !value_is_empty(pci->value);
}

/* Without devices xl's default, `unknown', means disabled too; with devices the IOMMU has tables of
 * its own (`sync_pt'), and that they are needed goes without saying (`enabled'). */
static bool is_usual_passthrough(const struct config *config, const char *text)
{
	if (!strcmp(text, "disabled") || !strcmp(text, "unknown")) {
		return true;
	}
	return names_devices(config) && (!strcmp(text, "enabled") || !strcmp(text, "sync_pt"));
}

static bool asks_nothing(const struct config *config, const struct config_setting *setting)
{
	const struct config_value *value = setting->value;

	if (!strcmp(setting->key, "passthrough") && value->kind == CONFIG_STRING &&
	    is_usual_passthrough(config, value->text)) {
		return true;
	}
	return value_is_empty(value);
}

int guest_check_key(struct config *config, const struct config_setting *setting, FILE *err)
{
	const char *key = setting->key;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i].name, key)) {
			continue;
		}
		if (keys[i].use == KEY_idle) {
			fprintf(err, "%s:%u: warning: `%s' has no effect on this host\n",
				setting->source, setting->line, key);
		} else if (keys[i].use == KEY_device && !value_is_empty(setting->value)) {
			return config_fail(config, key, "`%s': this host cannot give such devices",
					   key);
		} else if (keys[i].use == KEY_refused && !asks_nothing(config, setting)) {
			return config_fail(config, key, "`%s' is not supported on this host", key);
		}
		return 0;
	}
	fprintf(err, "%s:%u: warning: unknown key `%s' ignored\n", setting->source, setting->line,
		key);
	return 0;
}
