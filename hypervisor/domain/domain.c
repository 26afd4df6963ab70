/* SPDX-License-Identifier: MIT */
/*
 * The table of domains, references to them, and the plain changes of state.  Domids count up and a
 * slot is reused only after its domain is gone.  How a domain begins and ends: launch/life.c.
 * Lock: RANK_DOMAINS for the table, the domain's own for its fields.
 */
#include "domain/domain.h"
#include "diag/trace.h"
#include "domain/sched.h"
#include "mm/frames.h"

static struct domain *domains[MAX_DOMAINS]; /* slot = domid % MAX_DOMAINS */
static struct spinlock table_lock = SPINLOCK(RANK_DOMAINS);

struct domain *domain_in_slot(unsigned slot)
{
	return domains[slot % MAX_DOMAINS];
}

void domain_enter(struct domain *d)
{
	spin_lock(&table_lock);
	CHECK(!domains[d->id % MAX_DOMAINS]);
	domains[d->id % MAX_DOMAINS] = d;
	spin_unlock(&table_lock);
}

void domain_leave(struct domain *d)
{
	spin_lock(&table_lock);
	CHECK(domains[d->id % MAX_DOMAINS] == d);
	domains[d->id % MAX_DOMAINS] = NULL;
	spin_unlock(&table_lock);
}

struct domain *domain_find(uint16_t domid)
{
	struct domain *d;

	spin_lock(&table_lock);
	d = domains[domid % MAX_DOMAINS];
	if (d && d->id == domid) {
		domain_get(d);
	} else {
		d = NULL;
	}
	spin_unlock(&table_lock);
	return d;
}

struct domain *domain_next(uint16_t domid)
{
	struct domain *best = NULL;

	spin_lock(&table_lock);
	for (unsigned i = 0; i < MAX_DOMAINS; i++) {
		struct domain *d = domains[i];

		if (d && d->id >= domid && (!best || d->id < best->id)) {
			best = d;
		}
	}
	if (best) {
		domain_get(best);
	}
	spin_unlock(&table_lock);
	return best;
}

struct domain *domain_after(struct domain *d)
{
	struct domain *next = domain_next((uint16_t)(d->id + 1));

	domain_put(d);
	return next;
}

void domain_get(struct domain *d)
{
	CHECK(__atomic_fetch_add(&d->refs, 1, __ATOMIC_ACQ_REL) > 0);
}

void domain_put(struct domain *d)
{
	CHECK(__atomic_fetch_sub(&d->refs, 1, __ATOMIC_ACQ_REL) > 0);
}

bool domain_is_reaping(void)
{
	for (unsigned i = 0; i < MAX_DOMAINS; i++) {
		const struct domain *d = domains[i];

		if (d && d->state == CORBEL_DOM_dying && !domain_is_zombie(d)) {
			return true;
		}
	}
	return false;
}

void domain_set_state(struct domain *d, enum corbel_dom_state state)
{
	d->state = state;
	trace_note(CORBEL_TRACE_state, OWNER_NONE, d->id, 0, state);
}

void domain_unpause(struct domain *d)
{
	if (d->state == CORBEL_DOM_sealed || d->state == CORBEL_DOM_paused) {
		domain_set_state(d, CORBEL_DOM_running);
		sched_changed();
	}
}

void domain_pause(struct domain *d)
{
	if (d->state == CORBEL_DOM_running) {
		domain_set_state(d, CORBEL_DOM_paused);
		sched_changed();
	}
}
