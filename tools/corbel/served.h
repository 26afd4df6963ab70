/* SPDX-License-Identifier: MIT */
/*
 * What the verbs about devices of running domains share.
 */
#ifndef CORBEL_TOOL_SERVED_H
#define CORBEL_TOOL_SERVED_H
#include "tools/corbel/domains.h"
#include "tools/corbel/vbd.h"

/* A domain that may have devices, and xenstore. */
struct served {
	struct xs_handle *store;
	struct domain_entry entry;
	uint16_t domid;
	char why[DEVICE_WHY];
};
/* False: there is no such domain or no xenstore, which is said. */
bool served_open(struct served *served, const char *name);
void served_close(struct served *served);
/* Keeps entry.guest, changed, as the domain's note, so that a restart knows of it.  If that fails
 * it is said. */
void served_note(struct served *served);

/* The words joined by commas. */
bool served_join(char *text, size_t size, int count, char **words);

/* A number in a device's folder, or -1. */
long served_number(struct xs_handle *store, const char *folder, const char *name);

/* The device of that kind for which matches() is true.  False: there is none. */
bool served_find(struct served *served, const char *kind,
		 bool (*matches)(struct xs_handle *store, const struct device *device,
				 const void *argument),
		 const void *argument, struct device *found);

/* The device of that kind with this number. */
bool served_find_number(struct served *served, const char *kind, uint32_t number,
			struct device *found);

/* Runs each() for every device of that kind of each domain named; EXIT_ERROR if one is missing. */
int served_list(int count, char **names, const char *kind,
		void (*each)(struct xs_handle *store, const struct device *device, void *argument));

#endif
