/* SPDX-License-Identifier: MIT */
/* Parts of the hostile-request test. */
#ifndef ATTACK_REQUESTS_H
#define ATTACK_REQUESTS_H
#include "tests/guest/lib/tenant.h"

extern struct build request;
extern uint64_t frames_before;
void expect_refused(const char *name, const uint8_t *raw, size_t size);
void expect_request_refused(const char *name);
void bzimages(void);
void images(void); /* kernels that no parser may fall for */
#endif
