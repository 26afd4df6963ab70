/* SPDX-License-Identifier: MIT */
/*
 * The table of tenants' consoles: finds new domains (listed, or hidden by the
 * policy and noted by create), maps their console page by its reserved grant,
 * binds the port, drains into the log and to clients.  A tenant's page is
 * hostile: impossible indices end that console, floods are limited per second,
 * and nothing here waits for anyone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/corbel/consoled.h"
#include "tools/corbel/store.h"
#include "tools/lib/files.h"

#define BUDGET      (1u << 20) /* bytes per console and second */
#define RETRY_TICKS 3

static struct console table[CONSOLES_MAX];

struct console *consoles_find(uint16_t domid)
{
	for (int i = 0; i < CONSOLES_MAX; i++) {
		if (table[i].state != CONSOLE_free && table[i].domid == domid) {
			return &table[i];
		}
	}
	return NULL;
}

/* A note under /run, so gone after a reboot, tells whether the log file is this domain's. */
static void marker_path(const struct console *console, char *path, size_t size)
{
	snprintf(path, size, "%s/console-%u", store_root, console->domid);
}

static bool log_is_ours(const struct console *console)
{
	char path[256], expected[37], text[37] = "";
	bool same = false;
	const char *why;
	FILE *file;

	marker_path(console, path, sizeof(path));
	uuid_format(console->uuid, expected);
	file = files_open_own(path, &why);
	if (file) {
		same = fread(text, 1, 36, file) == 36 && !strcmp(text, expected);
		fclose(file);
	}
	if (!same) {
		file = fopen(path, "we");
		if (file) {
			fputs(expected, file);
			fclose(file);
		}
	}
	return same;
}

/* ---- one console ----------------------------------------------------------------------------- */

static void console_stop(struct console *console)
{
	if (console->state == CONSOLE_live) {
		host_event_unbind(console->port);
		host_console_unmap(console->ring.page);
	}
	console->state = CONSOLE_broken;
	console->input_size = 0;
}

static void console_break(struct console *console)
{
	consoled_say("domain %u: impossible index in its console page, console closed",
		     console->domid);
	console->why = "the domain broke its console page";
	console_stop(console);
	clients_end(console->domid, "console closed: the domain broke its console page");
}

static void console_lose(struct console *console)
{
	consoled_say("domain %u: the console was taken away (policy), closed", console->domid);
	console->why = "the console was taken away (policy)";
	console_stop(console);
	clients_end(console->domid, "the console was taken away (policy), closed");
}

/* Returns false when the console was broken. */
static bool push_input(struct console *console, bool *moved)
{
	int taken;

	if (!console->input_size) {
		return true;
	}
	taken = console_ring_feed(&console->ring, console->input, console->input_size);
	if (taken < 0) {
		return false;
	}
	if (taken) {
		console->input_size -= (size_t)taken;
		memmove(console->input, console->input + taken, console->input_size);
		*moved = true;
	}
	return true;
}

static void service(struct console *console)
{
	char buffer[2048];
	bool moved = false;
	int got = 0;

	if (console->state != CONSOLE_live) {
		return;
	}
	if (console_ring_gone(&console->ring)) {
		console_lose(console);
		return;
	}
	while (console->budget) {
		size_t size = sizeof(buffer) < console->budget ? sizeof(buffer) : console->budget;

		got = console_ring_drain(&console->ring, buffer, size);
		if (got <= 0) {
			break;
		}
		console->budget -= (size_t)got;
		console_log_write(&console->log, buffer, (size_t)got);
		clients_output(console->domid, buffer, (size_t)got);
		moved = true;
	}
	console->throttled = console->budget == 0;
	if (got < 0 || !push_input(console, &moved)) {
		console_break(console);
		return;
	}
	if (moved) {
		host_event_notify(console->port);
	}
}

/* A building domain's grants are refused, and each refusal is audited: do not even ask. */
static bool is_building(const struct domain_entry *entry)
{
	struct corbel_launch_info launch = {.domid = entry->info.domain};

	if (entry->hidden) {
		return entry->barred;
	}
	return host_corbel(CORBEL_OP_launch_info, &launch, sizeof(launch)) >= 0 &&
	       launch.state == CORBEL_DOM_building;
}

static void console_open(struct console *console, const struct domain_entry *entry)
{
	struct xencons_interface *page;
	int port, error;

	console->retry = RETRY_TICKS;
	if (is_building(entry)) {
		console->retry = 1;
		return;
	}
	page = host_console_map(console->domid, &error);
	port = page ? host_event_bind(console->domid, HOST_CONSOLE_PORT) : error;
	if (port < 0) {
		if (page) {
			host_console_unmap(page);
		}
		if (!console->complained) {
			consoled_say("domain %u: cannot take its console: %s", console->domid,
				     strerror(-port));
		}
		console->complained = true;
		return;
	}
	console_ring_start(&console->ring, page);
	console->port = (uint32_t)port;
	console->budget = BUDGET;
	console->state = CONSOLE_live;
	if (console_log_open(&console->log, console->domid, log_is_ours(console))) {
		consoled_say("%s: %s; its output is drained but not kept", console->log.path,
			     strerror(errno));
	}
	service(console);
}

static void console_close(struct console *console)
{
	char path[256];

	if (console->state == CONSOLE_live) {
		console->budget = BUDGET;
		service(console); /* last words */
	}
	clients_end(console->domid, NULL);
	console_stop(console);
	console_log_close(&console->log);
	marker_path(console, path, sizeof(path));
	unlink(path);
	console->state = CONSOLE_free;
}

size_t console_input_room(const struct console *console)
{
	return sizeof(console->input) - console->input_size;
}

bool console_input(struct console *console, const char *bytes, size_t size)
{
	if (console->state != CONSOLE_live || size > console_input_room(console)) {
		return false;
	}
	memcpy(console->input + console->input_size, bytes, size);
	console->input_size += size;
	service(console);
	return true;
}

static void console_ended(struct console *console, const struct domain_entry *entry)
{
	struct corbel_launch_info launch = {.domid = console->domid};
	char text[160];
	int used;

	if (console->ended) {
		return;
	}
	console->ended = true;
	if (host_corbel(CORBEL_OP_launch_info, &launch, sizeof(launch)) < 0) {
		launch.crash_reason[0] = '\0';
	}
	used = snprintf(text, sizeof(text), "%s has shut down (%s", domain_text(entry),
			domain_shutdown_text(&entry->info));
	snprintf(text + used, sizeof(text) - (size_t)used, "%s%.*s)",
		 launch.crash_reason[0] ? ": " : "", (int)sizeof(launch.crash_reason) - 1,
		 launch.crash_reason);
	console->budget = BUDGET;
	service(console);
	clients_end(console->domid, text);
}

/* ---- the table ----------------------------------------------------------------------------- */

static void say_hidden(const struct domain_entry *entry)
{
	consoled_say("%s: the policy hides its state: on_poweroff, on_reboot and on_crash are not "
		     "carried out",
		     domain_text(entry));
}

static struct console *add(const struct domain_entry *entry)
{
	const struct xen_domctl_getdomaininfo *info = &entry->info;

	for (int i = 0; i < CONSOLES_MAX; i++) {
		if (table[i].state == CONSOLE_free) {
			memset(&table[i], 0, sizeof(table[i]));
			table[i].log.fd = -1;
			table[i].domid = info->domain;
			memcpy(table[i].uuid, info->handle, sizeof(table[i].uuid));
			table[i].state = CONSOLE_waiting;
			if (entry->hidden) {
				say_hidden(entry);
			}
			return &table[i];
		}
	}
	consoled_say("domain %u: more than %d consoles", info->domain, CONSOLES_MAX);
	return NULL;
}

/* Of a hidden domain it shows only in what is refused while it was not before. */
static bool is_dying(const struct domain_entry *entry, const struct console *console)
{
	if (!entry->hidden) {
		return entry->info.flags & XEN_DOMINF_dying;
	}
	return entry->barred && console && console->state == CONSOLE_live &&
	       !host_event_connected(console->port);
}

/* Without a note a hidden domain is known by its number alone. */
static bool is_another(const struct console *console, const struct domain_entry *entry)
{
	return (!entry->hidden || entry->noted) &&
	       memcmp(console->uuid, entry->info.handle, sizeof(console->uuid)) != 0;
}

static void see(const struct domain_entry *entry)
{
	const struct xen_domctl_getdomaininfo *info = &entry->info;
	struct console *console = consoles_find(info->domain);

	if (info->domain < CORBEL_DOMID_FIRST) {
		return;
	}
	if (is_dying(entry, console)) {
		if (console) {
			console->gone = true; /* closed below: its mapping keeps the domain */
		}
		return;
	}
	if (console && is_another(console, entry)) {
		console_close(console);
		console = NULL;
	}
	if (!console) {
		console = add(entry);
	}
	if (console) {
		console->seen = true;
		if (console->state == CONSOLE_waiting && !console->retry) {
			console_open(console, entry);
		}
	}
	if (info->flags & XEN_DOMINF_shutdown) {
		if (console) {
			console_ended(console, entry);
		}
		lifecycle_shutdown(entry);
	}
}

/* Neither listed nor noted is not gone: the policy may hide it, and its note be lost. */
static void close_if_gone(struct console *console)
{
	static struct domain_entry entry;
	int ret;

	if (!console->gone) {
		ret = domains_get(console->domid, &entry);
		if (ret == 0) {
			see(&entry);
		}
		console->gone |= ret == -ESRCH;
	}
	if (console->gone) {
		console_close(console);
	}
}

void consoles_scan(void)
{
	static struct domain_entry entry;
	struct domain_walk walk = {.next = CORBEL_DOMID_FIRST};
	int ret;

	for (int i = 0; i < CONSOLES_MAX; i++) {
		table[i].seen = table[i].gone = false;
	}
	while ((ret = domains_walk(&walk, &entry)) == 0) {
		see(&entry);
	}
	if (ret != -ESRCH) {
		consoled_say("cannot list domains: %s", strerror(-ret));
		return;
	}
	for (int i = 0; i < CONSOLES_MAX; i++) {
		if (table[i].state != CONSOLE_free && !table[i].seen) {
			close_if_gone(&table[i]);
		}
	}
}

int consoles_scan_for(uint16_t domid)
{
	struct console *console = consoles_find(domid);
	static struct domain_entry entry;
	int ret;

	if (console) {
		console->retry = 0;
	}
	consoles_scan();
	if (consoles_find(domid)) {
		return 0;
	}
	ret = domains_get(domid, &entry);
	if (ret == 0) {
		see(&entry);
	}
	return ret == 0 && !consoles_find(domid) ? -ESRCH : ret;
}

void consoles_event(uint32_t port)
{
	for (int i = 0; i < CONSOLES_MAX; i++) {
		if (table[i].state == CONSOLE_live && table[i].port == port) {
			service(&table[i]);
			if (table[i].state == CONSOLE_live && !table[i].throttled) {
				host_event_unmask(port);
			}
			return;
		}
	}
}

void consoles_tick(void)
{
	for (int i = 0; i < CONSOLES_MAX; i++) {
		struct console *console = &table[i];
		bool masked = console->throttled;

		if (console->retry) {
			console->retry--;
		}
		if (console->state != CONSOLE_live) {
			continue;
		}
		console->budget = BUDGET;
		service(console);
		if (masked && console->state == CONSOLE_live) {
			host_event_unmask(console->port);
		}
	}
}

void consoles_close_all(void)
{
	for (int i = 0; i < CONSOLES_MAX; i++) {
		if (table[i].state != CONSOLE_free) {
			if (table[i].state == CONSOLE_live) {
				service(&table[i]);
			}
			console_stop(&table[i]);
			console_log_close(&table[i].log);
			table[i].state = CONSOLE_free; /* the marker stays: the log goes on */
		}
	}
}
