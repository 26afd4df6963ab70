/* SPDX-License-Identifier: MIT */
/* Parts of the dispatcher's fuzz target. */
#ifndef TESTS_FUZZ_DISPATCHER_H
#define TESTS_FUZZ_DISPATCHER_H
#include "sim/world.h"

/* dispatcher.c: bytes of the input, 0 after its end */
uint8_t fuzz_byte(void);
uint16_t fuzz_domid(void); /* of somebody, mostly of one that exists */
void fuzz_call(struct domain *d, uint64_t nr, uint64_t sub, void *arg, size_t size);

/* dispatcher_steps.c: one well-formed call, its values from the input */
void step_known(struct domain *dom0);

/* dispatcher_check.c */
void check_references(void); /* INV-FRAME-2, INV-DOM-2 of everything that exists */
/* Ends every domain but the control domain, which gets fresh tables and memory; compares what is
 * free with the last time. */
void destroy_all(struct domain *control);
#endif
