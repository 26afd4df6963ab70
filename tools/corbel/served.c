/* SPDX-License-Identifier: MIT */
/*
 * See served.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/corbel/corbel.h"
#include "tools/corbel/names.h"
#include "tools/corbel/served.h"

static struct xs_handle *open_store(void)
{
	struct xs_handle *store = xenstore_open();

	if (!store) {
		tool_error(0, "no xenstored answers: %s", strerror(errno));
	}
	return store;
}

bool served_open(struct served *served, const char *name)
{
	char path[XENSTORE_PATH], value[16];
	int ret;

	memset(served, 0, sizeof(*served));
	if (!tool_domain(name, &served->domid)) {
		return false;
	}
	if (served->domid < CORBEL_DOMID_FIRST) {
		tool_error(0, "domain %u is part of the host: it is given no devices",
			   served->domid);
		return false;
	}
	ret = domains_get(served->domid, &served->entry);
	if (ret == -ESRCH) {
		fprintf(stderr, "Error: Domain '%s' does not exist.\n", name);
		return false;
	}
	if (ret) {
		tool_call_error(ret, CALL_DOMCTL(XEN_DOMCTL_getdomaininfo), "cannot look up %s",
				name);
		return false;
	}
	served->store = open_store();
	if (!served->store) {
		return false;
	}
	xenstore_domain_path(path, served->domid);
	if (xenstore_read(served->store, path, "domid", value, sizeof(value))) {
		tool_error(0, "%s is not in xenstore, so it has no devices",
			   domain_text(&served->entry));
		served_close(served);
		return false;
	}
	return true;
}

void served_close(struct served *served)
{
	xenstore_close(served->store);
	served->store = NULL;
}

void served_note(struct served *served)
{
	int ret;

	if (!served->entry.noted) {
		return;
	}
	ret = store_change(&served->entry.guest, served->domid);
	if (ret) {
		tool_error(ret, "the change is not kept for a restart of %s",
			   domain_text(&served->entry));
	}
}

bool served_join(char *text, size_t size, int count, char **words)
{
	size_t used = 0;

	text[0] = '\0';
	for (int i = 0; i < count; i++) {
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "", words[i]);
		if (used >= size) {
			return false;
		}
	}
	return true;
}

long served_number(struct xs_handle *store, const char *folder, const char *name)
{
	char text[32], *end;
	long number;

	if (xenstore_read(store, folder, name, text, sizeof(text)) || !text[0]) {
		return -1;
	}
	number = strtol(text, &end, 10);
	return *end || number > INT32_MAX || number < 0 ? -1 : number;
}

struct search {
	bool (*matches)(struct xs_handle *store, const struct device *device, const void *argument);
	const void *argument;
	struct device *found;
	bool is_there;
};

static void look(struct xs_handle *store, const struct device *device, void *argument)
{
	struct search *search = argument;

	if (!search->is_there && search->matches(store, device, search->argument)) {
		*search->found = *device;
		search->is_there = true;
	}
}

bool served_find(struct served *served, const char *kind,
		 bool (*matches)(struct xs_handle *store, const struct device *device,
				 const void *argument),
		 const void *argument, struct device *found)
{
	struct search search = {matches, argument, found, false};

	device_each(served->store, served->domid, kind, look, &search);
	return search.is_there;
}

static bool has_number(struct xs_handle *store, const struct device *device, const void *argument)
{
	(void)store;
	return device->number == *(const uint32_t *)argument;
}

bool served_find_number(struct served *served, const char *kind, uint32_t number,
			struct device *found)
{
	return served_find(served, kind, has_number, &number, found);
}

int served_list(int count, char **names, const char *kind,
		void (*each)(struct xs_handle *store, const struct device *device, void *argument))
{
	struct xs_handle *store = open_store();
	int code = EXIT_OK;
	uint16_t domid;

	if (!store) {
		return EXIT_ERROR;
	}
	for (int i = 0; i < count; i++) {
		if (tool_domain(names[i], &domid)) {
			device_each(store, domid, kind, each, NULL);
		} else {
			code = EXIT_ERROR;
		}
	}
	xenstore_close(store);
	return code;
}
