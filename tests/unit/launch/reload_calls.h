/* SPDX-License-Identifier: MIT */
/*
 * What the tests of policy reload, owners and old grants do on the simulated machine (world.h):
 * build domains of any label and owner, load policies as the builder does, and share pages and
 * event channels.  Host test code; errors that are not under test end the process.
 */
#ifndef LAUNCH_RELOAD_CALLS_H
#define LAUNCH_RELOAD_CALLS_H
#include "sim/world.h"

#define SECOND 1000000000ull

#define LAB_LABEL     "system_u:system_r:lab.t"
#define MONITOR_LABEL "system_u:system_r:monitor.t"
#define POLICY_AT     0x400000u /* in the builder's memory */

extern struct domain *dom0;     /* from reload_setup() on */
extern uint64_t serial;         /* of the last policy in force for good; a test counts it up */
int reload_setup(void **state); /* of a group: machine, policy cloud, a running Dom0 */
/* After each test: rolls back what waits, ends the tenants and goes back to cloud. */
int reload_clean(void **state);
/* Ends the present instance and with it what it was building. */
void fresh_builder(void);

/* ---- builds: owner 0 = none, else all bytes of the owner's digest */
long create_domain(const char *label, uint16_t *domid);
long commit_for(uint16_t domid, uint8_t owner);
long seal_domain(uint16_t domid);
struct domain *make_domain_of(const char *label, uint8_t owner); /* running */

/* ---- policies: build/policy/NAME.bin */
uint32_t policy_file(const char *name, uint8_t *out); /* CORBEL_POLICY_MAX bytes of room */
void policy_session(void);                            /* a fresh instance serves one */
long load_bytes(const void *blob, struct corbel_policy_load *load);
/* In a session of its own: 0, 1 or an error, as hc_policy_load(). */
long load_policy(const char *name, uint32_t flags, uint64_t serial, uint32_t confirm_s);
extern struct corbel_policy_load last_load; /* with the answers */
long confirm_policy(uint32_t keep);
struct corbel_policy_info policy_info(void);
bool is_in_force(const char *name);
uint32_t reload_log_room(void); /* free slots of the launch log */
void reload_pass(uint64_t ns);  /* time goes by */
/* Records since the last call, of this kind; the first of them. */
unsigned records_of(uint16_t kind, struct corbel_trace *first);

/* ---- grants and channels */
void give_page(struct domain *granter, uint32_t ref, uint16_t peer, uint64_t gfn);
int16_t map_page(struct domain *d, uint16_t granter, uint32_t ref, uint64_t gfn, uint32_t *handle);
int16_t unmap_page(struct domain *d, uint32_t handle, uint64_t gfn);
long open_port(struct domain *d, uint16_t peer, uint32_t *port);
long bind_port(struct domain *d, uint16_t peer, uint32_t remote, uint32_t *port);
long send_event(struct domain *d, uint32_t port);
bool is_pending(struct domain *d, uint32_t port); /* and takes it */
#endif
