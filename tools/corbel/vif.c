/* SPDX-License-Identifier: MIT */
/*
 * See vbd.h: network interfaces, connected by Debian's `vif-bridge` or another script of that kind.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/corbel/domains.h"
#include "tools/corbel/vbd.h"

unsigned device_ready_ms = 15000;

bool device_backend(const char *name, uint16_t *backend, char *why, size_t size)
{
	int ret = 0;

	*backend = 0;
	if (name[0]) {
		ret = domains_resolve(name, backend);
	}
	if (ret || (*backend && !domain_may_exist(*backend))) {
		snprintf(why, size, "there is no domain `%s' to serve it", name);
		return false;
	}
	return true;
}

static const char *script_of(const struct vif *vif)
{
	return vif->script[0] ? vif->script : VIF_DEFAULT_SCRIPT;
}

static bool asks_for_bridge(const struct vif *vif)
{
	const char *script = script_of(vif), *slash = strrchr(script, '/');

	return !strcmp(slash ? slash + 1 : script, VIF_DEFAULT_SCRIPT);
}

static const char *bridge_of(const struct vif *vif)
{
	return vif->bridge[0] ? vif->bridge : VIF_DEFAULT_BRIDGE;
}

int vif_check(const struct vif *vif, char *why, size_t size)
{
	char script[XENSTORE_PATH], path[64];

	if (vif->backend[0] && strcmp(vif->backend, "0") != 0) {
		return 0; /* nobody here can look */
	}
	if (!device_script(script_of(vif), script, why, size)) {
		return -ENOENT;
	}
	snprintf(path, sizeof(path), "/sys/class/net/%s/bridge", bridge_of(vif));
	if (asks_for_bridge(vif) && access(path, F_OK)) {
		snprintf(why, size, "there is no bridge %s", bridge_of(vif));
		return -ENODEV;
	}
	snprintf(path, sizeof(path), "/sys/class/net/%s", vif->vifname);
	if (vif->vifname[0] && access(path, F_OK) == 0) {
		snprintf(why, size, "an interface is called %s already", vif->vifname);
		return -EEXIST;
	}
	return 0;
}

/* ---- attaching ------------------------------------------------------------------------------- */

struct contents {
	const struct vif *vif;
	const char *script;
	const struct device *device;
};

#define VIF_USUAL_MTU 1500u

/* The script writes what the bridge has.  Dom0 may write everything; a back end elsewhere gets this
 * one node of its client's. */
static void fill_mtu(struct xenstore_change *change, const char *folder,
		     const struct contents *contents)
{
	struct xs_permissions permissions[] = {
		{.id = contents->device->domid},
		{.id = contents->device->backend, .perms = XS_PERM_READ | XS_PERM_WRITE},
	};
	unsigned mtu = contents->vif->mtu;
	char path[XENSTORE_PATH + 8];

	if (!mtu && contents->device->backend) {
		mtu = VIF_USUAL_MTU;
	}
	if (!mtu) {
		return;
	}
	xenstore_put(change, folder, "mtu", "%u", mtu);
	snprintf(path, sizeof(path), "%s/mtu", folder);
	if (!change->error && contents->device->backend &&
	    !xs_set_permissions(change->store, change->transaction, path, permissions, 2)) {
		change->error = -errno;
		snprintf(change->where, sizeof(change->where), "%s", folder);
	}
}

static void fill_front(struct xenstore_change *change, const char *folder, const void *argument)
{
	const struct contents *contents = argument;
	const struct vif *vif = contents->vif;
	char mac[18];

	mac_format(vif->mac, mac);
	xenstore_put(change, folder, "handle", "%d", vif->devid);
	xenstore_put(change, folder, "mac", "%s", mac);
	xenstore_put(change, folder, "trusted", "%d", vif->trusted);
	fill_mtu(change, folder, contents);
}

static void fill_back(struct xenstore_change *change, const char *folder, const void *argument)
{
	const struct contents *contents = argument;
	const struct vif *vif = contents->vif;
	char mac[18];

	mac_format(vif->mac, mac);
	xenstore_put(change, folder, "script", "%s", contents->script);
	xenstore_put(change, folder, "mac", "%s", mac);
	xenstore_put(change, folder, "handle", "%d", vif->devid);
	xenstore_put(change, folder, "type", "vif");
	xenstore_put(change, folder, "bridge", "%s", bridge_of(vif));
	if (vif->vifname[0]) {
		xenstore_put(change, folder, "vifname", "%s", vif->vifname);
	}
	if (vif->ip[0]) {
		xenstore_put(change, folder, "ip", "%s", vif->ip);
	}
	if (vif->gatewaydev[0]) {
		xenstore_put(change, folder, "gatewaydev", "%s", vif->gatewaydev);
	}
	if (vif->rate) {
		xenstore_put(change, folder, "rate", "%llu,%u", (unsigned long long)vif_credit(vif),
			     vif->rate_interval);
	}
	if (vif->mtu) {
		xenstore_put(change, folder, "mtu", "%u", vif->mtu);
	}
	xenstore_put(change, folder, "hotplug-status", "%s", "");
}

static int connect_here(struct xs_handle *store, const struct device *device, const struct vif *vif,
			const char *script, char *why, size_t size)
{
	char name[32], status[32] = "";
	const struct device_call call = {
		.script = script,
		.words = {"online", "type_if=vif"},
		.vif = name,
		.gatewaydev = vif->gatewaydev,
	};
	int ret;

	/* The script renames it to vifname. */
	snprintf(name, sizeof(name), "vif%u.%u", device->domid, device->number);
	ret = device_run(store, device, &call, why, size);
	if (ret) {
		return ret;
	}
	xenstore_read(store, device->back, "hotplug-status", status, sizeof(status));
	if (strcmp(status, "connected") != 0) {
		snprintf(why, size, "script %s has not connected it (%s)", script,
			 status[0] ? status : "no word");
		return -EIO;
	}
	return 0;
}

int vif_attach(struct xs_handle *store, uint16_t domid, const struct vif *vif, char *why,
	       size_t size)
{
	char script[XENSTORE_PATH], ignored[DEVICE_WHY];
	struct device device;
	const struct contents contents = {vif, script, &device};
	const struct device_contents all = {&device, fill_front, fill_back, &contents};
	uint16_t backend;
	int ret;

	if (!device_backend(vif->backend, &backend, why, size)) {
		return -ESRCH;
	}
	device_init(&device, "vif", backend, domid, (uint32_t)vif->devid);
	if (backend) {
		snprintf(script, sizeof(script), "%s", script_of(vif));
	} else {
		ret = vif_check(vif, why, size);
		if (ret || !device_script(script_of(vif), script, why, size)) {
			return ret ? ret : -ENOENT;
		}
	}
	ret = device_make(store, &all, why, size);
	if (ret) {
		return ret;
	}
	ret = device_wait(store, &device, 1 << XenbusStateInitWait | 1 << XenbusStateConnected,
			  device_ready_ms);
	if (ret < 0) {
		snprintf(why, size,
			 backend ? "its back end does not take it up (%s)"
				 : "xen-netback does not take it up (%s); is the module loaded?",
			 strerror(-ret));
	} else if (backend) {
		ret = device_wait_connected(store, &device, device_ready_ms, why, size);
	} else {
		ret = connect_here(store, &device, vif, script, why, size);
	}
	if (ret < 0) {
		device_detach(store, &device, true, ignored, sizeof(ignored));
	}
	return ret < 0 ? ret : 0;
}

int vif_renew(struct xs_handle *store, uint16_t backend, uint16_t domid, const struct vif *vif,
	      char *why, size_t size)
{
	struct device device;
	const struct contents contents = {vif, script_of(vif), &device};
	const struct device_contents all = {&device, fill_front, fill_back, &contents};

	device_init(&device, "vif", backend, domid, (uint32_t)vif->devid);
	return device_renew(store, &all, why, size);
}
