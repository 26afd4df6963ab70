/* SPDX-License-Identifier: MIT */
/*
 * See tree.h.  Permissions are all that keeps one tenant's part from another: a domain reads its
 * own part, writes in the places listed in `owned`, and sees nothing else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/corbel/domains.h"
#include "tools/corbel/tree.h"
#include "tools/corbel/vbd.h"
#include "xsm/monitor/monitor.h"

struct tree {
	const struct guest *guest;
	uint16_t domid;
	char domain[XENSTORE_PATH], vm[XENSTORE_PATH];
	char uuid[37];
	time_t start;
};

/* Requests to the domain, which it takes back, and what Linux and agents in a guest write. */
static const char *const owned[] = {
	"control/shutdown",
	"control/feature-poweroff",
	"control/feature-reboot",
	"control/feature-suspend",
	"control/sysrq",
	"device/suspend/event-channel",
	"data",
	"drivers",
	"feature",
	"attr",
	"error",
};

/* console/ describes the ring for who looks; type is no other daemon's, so that none takes it. */
static void fill_console(struct xenstore_change *change, const struct tree *tree)
{
	char console[XENSTORE_PATH + 16];

	snprintf(console, sizeof(console), "%s/console", tree->domain);
	xenstore_make(change, XENSTORE_READS, tree->domid, console, NULL);
	xenstore_put(change, console, "type", "corbel");
	xenstore_put(change, console, "backend-id", "0");
	xenstore_put(change, console, "ring-ref", "%u", HOST_CONSOLE_GFN);
	xenstore_put(change, console, "port", "%u", HOST_CONSOLE_PORT);
}

static void fill_vm(struct xenstore_change *change, const struct tree *tree)
{
	xenstore_make(change, XENSTORE_READS, tree->domid, tree->vm, NULL);
	xenstore_put(change, tree->vm, "uuid", "%s", tree->uuid);
	xenstore_put(change, tree->vm, "name", "%s", tree->guest->request.name);
	xenstore_put(change, tree->vm, "start_time", "%lld.00", (long long)tree->start);
}

static void fill(struct xenstore_change *change, const void *argument)
{
	const struct tree *tree = argument;
	const struct request *request = &tree->guest->request;
	const char *domain = tree->domain;
	char cpu[32];

	xenstore_remove(change, domain);
	xenstore_remove(change, tree->vm);
	fill_vm(change, tree);
	xenstore_make(change, XENSTORE_READS, tree->domid, domain, NULL);
	xenstore_put(change, domain, "vm", "%s", tree->vm);
	xenstore_put(change, domain, "name", "%s", request->name);
	xenstore_put(change, domain, "domid", "%u", tree->domid);
	/* What is inside takes these permissions: of the domain's own part, the outermost's. */
	for (unsigned i = 0; i < request->vcpus; i++) {
		snprintf(cpu, sizeof(cpu), "cpu/%u/availability", i);
		xenstore_put(change, domain, cpu, "online");
	}
	/* Equal: the domain's balloon stays as it is. */
	xenstore_put(change, domain, "memory/static-max", "%llu",
		     (unsigned long long)request->memory_mib << 10);
	xenstore_put(change, domain, "memory/target", "%llu",
		     (unsigned long long)request->memory_mib << 10);
	xenstore_put(change, domain, "store/ring-ref", "%u", HOST_STORE_GFN);
	xenstore_put(change, domain, "store/port", "%u", HOST_STORE_PORT);
	fill_console(change, tree);
	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) {
		xenstore_make(change, XENSTORE_OWNS, tree->domid, domain, owned[i]);
	}
}

bool tree_permitted(const char *label)
{
	static const size_t needed[] = {
		XSM_RIGHT(domain, getdomaininfo),
		XSM_RIGHT(grant, map_ring),
		XSM_RIGHT(event, bind),
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (domain_label_permits(label, needed[i]) == 0) {
			return false;
		}
	}
	return true;
}

struct leaving {
	const char *domain, *vm;
};

static void empty(struct xenstore_change *change, const void *argument)
{
	const struct leaving *leaving = argument;

	xenstore_remove(change, leaving->domain);
	if (leaving->vm[0]) {
		xenstore_remove(change, leaving->vm);
	}
}

/* Of what xenstored has no domain, or no tree, is gone already. */
static void take_back(struct xs_handle *store, uint16_t domid)
{
	char domain[XENSTORE_PATH], vm[XENSTORE_PATH], where[XENSTORE_PATH];
	struct leaving leaving = {.domain = domain, .vm = vm};

	xenstore_domain_path(domain, domid);
	if (xenstore_read(store, domain, "vm", vm, sizeof(vm)) || strncmp(vm, "/vm/", 4) != 0) {
		vm[0] = '\0';
	}
	xs_release_domain(store, domid);
	xenstore_commit(store, empty, &leaving, where);
}

int tree_make(struct xs_handle *store, const struct guest *guest, uint16_t domid, char *why,
	      size_t size)
{
	struct tree tree = {.guest = guest, .domid = domid, .start = time(NULL)};
	char where[XENSTORE_PATH];
	int ret;

	xenstore_domain_path(tree.domain, domid);
	xenstore_vm_path(tree.vm, guest->request.uuid);
	uuid_format(guest->request.uuid, tree.uuid);
	ret = xenstore_commit(store, fill, &tree, where);
	if (ret) {
		snprintf(why, size, "cannot write %s in xenstore: %s",
			 where[0] ? where : tree.domain, strerror(-ret));
		return ret;
	}
	if (!xs_introduce_domain(store, domid, HOST_STORE_GFN, HOST_STORE_PORT)) {
		ret = -errno;
		snprintf(why, size, "xenstored does not take domain %u: %s", domid, strerror(-ret));
		take_back(store, domid);
		return ret;
	}
	return 0;
}

void tree_remove(uint16_t domid)
{
	struct xs_handle *store = xenstore_open();

	if (store) {
		take_back(store, domid);
		xenstore_close(store);
	}
}

/* ---- what nobody has taken back -------------------------------------------------------------- */

static bool is_gone(const char *name)
{
	char *end;
	unsigned long domid = strtoul(name, &end, 10);

	return name[0] >= '0' && name[0] <= '9' && !*end && domid >= CORBEL_DOMID_FIRST &&
	       domid < DOMID_FIRST_RESERVED && !domain_may_exist((uint16_t)domid);
}

void tree_sweep(struct xs_handle *store)
{
	static const char *const folders[] = {
		"/local/domain",
		"/local/domain/0/backend/vbd",
		"/local/domain/0/backend/vif",
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		unsigned count = 0;
		char **names = xs_directory(store, XBT_NULL, folders[i], &count);

		for (unsigned j = 0; names && j < count; j++) {
			if (is_gone(names[j])) {
				uint16_t domid = (uint16_t)strtoul(names[j], NULL, 10);

				devices_remove_old(domid);
				take_back(store, domid);
			}
		}
		free(names);
	}
}
