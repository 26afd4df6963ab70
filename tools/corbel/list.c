/* SPDX-License-Identifier: MIT */
/*
 * Verbs list, vm-list, domid and domname.  The tables and `list -l` are shaped
 * byte for byte like xl's, because scripts cut them by column and indentation.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/corbel/corbel.h"
#include "tools/corbel/domains.h"
#include "tools/corbel/json.h"
#include "tools/corbel/list.h"
#include "tools/corbel/names.h"

struct list_options {
	bool verbose, context, all, json;
	struct json *out; /* with json or long */
};

static void print_header(const struct list_options *options)
{
	printf("Name                                        ID   Mem VCPUs\tState\tTime(s)");
	if (options->verbose) {
		printf("   UUID                            Reason-Code\tSecurity Label");
	}
	if (options->context) {
		printf("%s   Owner", options->verbose ? "" : "   Security Label                  ");
	}
	putchar('\n');
}

/* To the nearest MiB: a page given up for shared_info must not show as a whole MiB less. */
static unsigned long mebibytes(uint64_t pages)
{
	return (unsigned long)((pages + 128) >> 8);
}

static void print_row(const struct domain_entry *entry, const struct list_options *options)
{
	const struct xen_domctl_getdomaininfo *info = &entry->info;
	struct domain_identity identity;
	char state[7], uuid[37];

	domain_state(info, state);
	if (entry->hidden) {
		printf("%-40s %5d %5lu %5d     hidden  %8s", entry->name, info->domain,
		       mebibytes(info->tot_pages), info->nr_online_vcpus, "-");
	} else {
		printf("%-40s %5d %5lu %5d     %s  %8.1f", entry->name, info->domain,
		       mebibytes(info->tot_pages + info->outstanding_pages), info->nr_online_vcpus,
		       state, (double)info->cpu_time / 1e9);
	}
	if (options->verbose) {
		uuid_format(info->handle, uuid);
		printf(" %s", uuid);
		if (info->flags & XEN_DOMINF_shutdown) {
			printf(" %8x", domain_shutdown_reason(info));
		} else {
			printf(" %8s", "-");
		}
	}
	if (options->verbose || options->context) {
		domain_identity(entry, &identity);
		printf(options->context ? " %-34s" : " %16s", identity.label);
	}
	if (options->context) {
		printf(" %.16s", identity.owner);
	}
	putchar('\n');
}

/* What the policy does not hide from Dom0. */
static void json_state(const struct xen_domctl_getdomaininfo *info, struct json *json)
{
	char state[7];

	domain_state(info, state);
	json_text(json, "state", state);
	json_bool(json, "running", info->flags & XEN_DOMINF_running);
	json_bool(json, "blocked", info->flags & XEN_DOMINF_blocked);
	json_bool(json, "paused", info->flags & XEN_DOMINF_paused);
	json_bool(json, "shutdown", info->flags & XEN_DOMINF_shutdown);
	json_bool(json, "dying", info->flags & XEN_DOMINF_dying);
	json_number(json, "shutdown_reason",
		    info->flags & XEN_DOMINF_shutdown ? (int)domain_shutdown_reason(info) : -1);
	json_seconds(json, "cpu_seconds", info->cpu_time);
}

static void json_row(const struct domain_entry *entry, struct json *json)
{
	const struct xen_domctl_getdomaininfo *info = &entry->info;
	struct domain_identity identity;
	char uuid[37];

	domain_identity(entry, &identity);
	uuid_format(info->handle, uuid);
	json_open_map(json, NULL);
	json_number(json, "domid", info->domain);
	json_text(json, "name", entry->name);
	json_text(json, "uuid", uuid);
	json_number(json, "memory_mib", (long long)mebibytes(info->tot_pages));
	json_number(json, "memory_pages", (long long)info->tot_pages);
	json_number(json, "max_pages", (long long)info->max_pages);
	json_number(json, "vcpus", info->nr_online_vcpus);
	if (entry->hidden) {
		json_text(json, "state", "hidden");
		json_text(json, "label", identity.label);
	} else {
		json_state(info, json);
		json_text(json, "label", identity.label);
		json_text(json, "owner", identity.owner);
		json_number(json, "tenant", identity.tenant);
	}
	json_close_map(json);
}

/* The settings as xl prints them; values at their defaults are left out. */
void list_json_config(struct json *json, const char *key, const struct guest *guest)
{
	const struct request *request = &guest->request;
	char uuid[37];

	uuid_format(request->uuid, uuid);
	json_open_map(json, key);
	json_open_map(json, "c_info");
	json_text(json, "type", "pvh");
	json_text(json, "ssid_label", request->label);
	json_text(json, "name", request->name);
	if (guest->has_uuid) { /* else drawn when it is built */
		json_text(json, "uuid", uuid);
	}
	json_text(json, "run_hotplug_scripts", "True");
	json_close_map(json);
	json_open_map(json, "b_info");
	json_number(json, "max_vcpus", request->vcpus);
	json_number(json, "max_memkb", (long long)request->memory_mib * 1024);
	json_number(json, "target_memkb", (long long)request->memory_mib * 1024);
	json_open_map(json, "sched_params");
	if (request->weight != GUEST_DEFAULT_WEIGHT) {
		json_number(json, "weight", request->weight);
	}
	json_close_map(json);
	json_text(json, "kernel", guest->kernel);
	json_text(json, "cmdline", request->cmdline);
	if (guest->ramdisk[0]) {
		json_text(json, "ramdisk", guest->ramdisk);
	}
	if (guest->owner_manifest[0]) {
		json_text(json, "owner_manifest", guest->owner_manifest);
	}
	json_open_map(json, "type.pvh");
	json_close_map(json);
	json_close_map(json);
	list_json_devices(json, &guest->devices);
	list_json_pci(json, &guest->request.devices);
	if (guest->on_poweroff != ACTION_destroy) {
		json_text(json, "on_poweroff", guest_action_name(guest->on_poweroff));
	}
	json_text(json, "on_reboot", guest_action_name(guest->on_reboot));
	if (guest->on_crash != ACTION_destroy) {
		json_text(json, "on_crash", guest_action_name(guest->on_crash));
	}
	json_close_map(json);
}

static void json_long(const struct domain_entry *entry, struct json *json)
{
	const struct xen_domctl_getdomaininfo *info = &entry->info;
	struct domain_identity identity;
	char uuid[37];

	json_open_map(json, NULL);
	json_number(json, "domid", info->domain);
	if (entry->noted) {
		list_json_config(json, "config", &entry->guest);
	} else {
		uuid_format(info->handle, uuid);
		json_open_map(json, "config");
		json_open_map(json, "c_info");
		json_text(json, "type", "pvh");
		json_text(json, "name", entry->name);
		json_text(json, "uuid", uuid);
		json_text(json, "run_hotplug_scripts", "True");
		json_close_map(json);
		json_open_map(json, "b_info");
		json_number(json, "max_vcpus", info->nr_online_vcpus);
		json_number(json, "max_memkb", (long long)info->max_pages * 4);
		json_number(json, "target_memkb", (long long)info->tot_pages * 4);
		json_open_map(json, "type.pvh");
		json_close_map(json);
		json_close_map(json);
		json_close_map(json);
	}
	domain_identity(entry, &identity);
	json_text(json, "owner", identity.owner);
	json_number(json, "tenant", identity.tenant);
	json_close_map(json);
}

static void show(const struct domain_entry *entry, const struct list_options *options)
{
	if (!options->out) {
		print_row(entry, options);
	} else if (options->json) {
		json_row(entry, options->out);
	} else {
		json_long(entry, options->out);
	}
}

static int list_all(const struct list_options *options)
{
	struct domain_walk walk = {0};
	struct domain_entry entry;
	bool first = true;
	int ret;

	while ((ret = domains_walk(&walk, &entry)) == 0) {
		if (first && !options->out) {
			print_header(options);
		}
		first = false;
		if (entry.info.domain != CORBEL_DOMID_BUILDER || options->all) {
			show(&entry, options);
		}
	}
	if (ret != -ESRCH) {
		return tool_call_error(ret, CALL_DOMCTL(XEN_DOMCTL_getdomaininfo),
				       "cannot list domains");
	}
	if (domains_are_hidden() > 0) {
		domains_say_hidden();
	}
	return EXIT_OK;
}

static int find_one(const char *text, struct domain_entry *entry)
{
	uint16_t domid;
	int ret;

	if (!tool_domain(text, &domid)) {
		return EXIT_ERROR;
	}
	ret = domains_get(domid, entry);
	if (ret == -ESRCH) {
		fprintf(stderr, "Error: Domain '%s' does not exist.\n", text);
		return EXIT_ERROR;
	}
	return ret ? tool_call_error(ret, CALL_DOMCTL(XEN_DOMCTL_getdomaininfo),
				     "cannot list domain %s", text)
		   : EXIT_OK;
}

static int list_named(int count, char **names, const struct list_options *options)
{
	struct domain_entry entry;
	bool hidden = false;
	int ret;

	for (int i = 0; i < count; i++) {
		ret = find_one(names[i], &entry);
		if (ret != EXIT_OK) {
			return ret;
		}
		if (i == 0 && !options->out) {
			print_header(options);
		}
		show(&entry, options);
		hidden |= entry.hidden;
	}
	if (hidden) {
		domains_say_hidden();
	}
	return EXIT_OK;
}

static bool parse_options(int argc, char **argv, struct list_options *options, bool *full)
{
	static const struct option longs[] = {
		{"long", no_argument, NULL, 'l'},    {"verbose", no_argument, NULL, 'v'},
		{"context", no_argument, NULL, 'Z'}, {"cpupool", no_argument, NULL, 'c'},
		{"numa", no_argument, NULL, 'n'},    {"all", no_argument, NULL, 'a'},
		{"json", no_argument, NULL, 'J'},    {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "lvZcna", longs, NULL)) != -1) {
		switch (option) {
		case 'l':
			*full = true;
			break;
		case 'v':
			options->verbose = true;
			break;
		case 'Z':
			options->context = true;
			break;
		case 'a':
			options->all = true;
			break;
		case 'J':
			options->json = true;
			break;
		case 'c':
		case 'n':
			break;
		default:
			return false;
		}
	}
	return true;
}

int verb_list(int argc, char **argv)
{
	struct list_options options = {0};
	bool full = false;
	int ret;

	if (!parse_options(argc, argv, &options, &full)) {
		return verb_usage("list", 0);
	}
	if (full || options.json) {
		options.json = !full;
		options.out = json_new(true);
		json_open_array(options.out, NULL);
	}
	if (optind < argc) {
		ret = list_named(argc - optind, argv + optind, &options);
	} else {
		ret = list_all(&options);
	}
	if (options.out) {
		json_close_array(options.out);
		if (ret == EXIT_OK) {
			json_print(options.out);
		}
	}
	return ret;
}

int verb_vm_list(int argc, char **argv)
{
	struct domain_walk walk = {0};
	struct domain_entry entry;
	char uuid[37];
	int ret;

	if (argc > 1) {
		return verb_extra("vm-list", argv[1]);
	}
	printf("UUID                                  ID    name\n");
	while ((ret = domains_walk(&walk, &entry)) == 0) {
		if (entry.info.domain == CORBEL_DOMID_BUILDER) {
			continue;
		}
		uuid_format(entry.info.handle, uuid);
		printf("%s  %d    %-30s\n", uuid, entry.info.domain, entry.name);
	}
	return ret != -ESRCH ? tool_call_error(ret, CALL_DOMCTL(XEN_DOMCTL_getdomaininfo),
					       "cannot list domains")
			     : EXIT_OK;
}

int verb_domid(int argc, char **argv)
{
	uint16_t domid;
	int ret;

	if (argc < 2) {
		return verb_usage("domid", 1);
	}
	if (argc > 2) {
		return verb_extra("domid", argv[2]);
	}
	ret = domains_resolve(argv[1], &domid);
	if (ret && ret != -ESRCH) {
		return tool_call_error(ret, CALL_DOMCTL(XEN_DOMCTL_getdomaininfo),
				       "cannot look up `%s'", argv[1]);
	}
	if (ret) {
		fprintf(stderr,
			"Can't get domid of domain name '%s', maybe this domain does not exist.\n",
			argv[1]);
		return EXIT_ERROR;
	}
	printf("%u\n", domid);
	return EXIT_OK;
}

int verb_domname(int argc, char **argv)
{
	struct domain_entry entry;
	unsigned long number;
	char *end;
	int ret;

	if (argc < 2) {
		return verb_usage("domname", 1);
	}
	if (argc > 2) {
		return verb_extra("domname", argv[2]);
	}
	number = strtoul(argv[1], &end, 10);
	if (*end || end == argv[1] || number >= DOMID_FIRST_RESERVED) {
		fprintf(stderr, "Invalid domain id.\n");
		return EXIT_ERROR;
	}
	ret = domains_get((uint16_t)number, &entry);
	if (ret && ret != -ESRCH) {
		return tool_call_error(ret, CALL_DOMCTL(XEN_DOMCTL_getdomaininfo),
				       "cannot look up domain %lu", number);
	}
	if (!ret && entry.hidden && !entry.noted) {
		return tool_error(0, "domain %lu: the policy hides it, and there is no note of it",
				  number);
	}
	if (ret || !strcmp(entry.name, "(null)")) {
		fprintf(stderr,
			"Can't get domain name of domain id '%s', maybe this domain does not exist.\n",
			argv[1]);
		return EXIT_ERROR;
	}
	printf("%s\n", entry.name);
	return EXIT_OK;
}
