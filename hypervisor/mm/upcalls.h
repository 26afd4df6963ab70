/* SPDX-License-Identifier: MIT */
/* What mm/ asks of floors above: who holds a mapping knows what it owned. */
#ifndef MM_UPCALLS_H
#define MM_UPCALLS_H

struct npt;
struct npt_entry;

/* domain/memory.c: npt_teardown() has removed this entry; gives back the references that it had. */
void npt_released(struct npt *npt, const struct npt_entry *entry);
#endif
