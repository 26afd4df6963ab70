/* SPDX-License-Identifier: MIT */
/*
 * The parts of the drainer daemon: consoles (tenants' rings and logs), clients
 * (the socket), lifecycle (on_poweroff and its kin).  One thread, no part ever
 * blocks on a tenant or on a client.
 */
#ifndef CORBEL_TOOL_CONSOLED_H
#define CORBEL_TOOL_CONSOLED_H
#include <poll.h>
#include <stdbool.h>

#include "tools/corbel/console_log.h"
#include "tools/corbel/console_ring.h"
#include "tools/corbel/domains.h"

#define CONSOLES_MAX 512
#define CLIENTS_MAX  64

struct console {
	uint16_t domid;
	uint8_t uuid[16];
	enum { CONSOLE_free, CONSOLE_waiting, CONSOLE_live, CONSOLE_broken } state;
	struct console_ring ring;
	uint32_t port; /* local */
	struct console_log log;
	size_t budget;   /* bytes that may still be drained in this second */
	bool throttled;  /* budget used up: the port stays masked until the next tick */
	bool seen;       /* by the scan in progress */
	bool gone;       /* as the scan in progress knows for certain, or about to be */
	bool complained; /* about a console that cannot be mapped */
	bool ended;      /* the domain has shut down: its last words are taken, clients are told */
	unsigned retry;  /* ticks until the next attempt */
	const char *why; /* it is broken */
	char input[512]; /* typed, not yet taken by the tenant */
	size_t input_size;
};

/* ---- consoles.c ---- */
struct console *consoles_find(uint16_t domid);
/* Compares the table with the hypervisor's list: opens, closes, reports shut-down domains. */
void consoles_scan(void);
/* The same at a client's word that this domain is there now: without waiting for a retry.  Returns
 * 0 if it has a console in the table, -ESRCH if there is no such domain, or another errno. */
int consoles_scan_for(uint16_t domid);
void consoles_event(uint32_t port);
/* Once a second: new budgets, lost events, retries. */
void consoles_tick(void);
void consoles_close_all(void);
/* Input from a client: takes all (true) or, if the buffer is full, nothing. */
bool console_input(struct console *console, const char *bytes, size_t size);
size_t console_input_room(const struct console *console);

/* ---- clients.c ---- */
int clients_listen(void); /* returns the descriptor or a negative errno */
/* Fills fds for the listener and the clients; returns how many. */
int clients_fill(struct pollfd *fds, int capacity);
void clients_handle(const struct pollfd *fds, int count);
/* Output of a console to its clients; a slow one loses bytes and is told. */
void clients_output(uint16_t domid, const char *bytes, size_t size);
void clients_end(uint16_t domid, const char *message);
void clients_close_all(void);

/* ---- lifecycle.c ---- */
void lifecycle_shutdown(const struct domain_entry *entry);
void lifecycle_tick(void);
/* A domain of this name that has ended is not restarted.  True if one was to be. */
bool lifecycle_forget(const char *name);

/* ---- sweep.c ---- */
#define SWEEP_LOGS_KEPT 16
/* Removes notes of domains that are not there, and all but the newest logs of gone domains. */
void sweep(void);

/* ---- consoled.c ---- */
void consoled_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* One round of the daemon; events is the event-channel descriptor. */
void consoled_round(int events, int timeout_ms);

#endif
