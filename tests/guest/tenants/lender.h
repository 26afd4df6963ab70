/* SPDX-License-Identifier: MIT */
/* What the tenant lender lends (tests/attack/devices). */
#ifndef TENANTS_LENDER_H
#define TENANTS_LENDER_H

#define LENDER_REF_OPEN 20u   /* for reading and writing */
#define LENDER_REF_SHUT 21u   /* for reading */
#define LENDER_OPEN     0x11u /* what is in each byte of them */
#define LENDER_SHUT     0x22u
#endif
