/* SPDX-License-Identifier: MIT */
/*
 * A network interface as xl-network-configuration(5) writes it.  Syntax and
 * meaning only: no bridge or script is looked for.
 */
#ifndef CORBEL_TOOL_GUEST_VIF_H
#define CORBEL_TOOL_GUEST_VIF_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIF_WORD  128
#define VIF_NAME  16 /* of an interface, as the kernel has it */
#define VIF_WHERE 160

#define VIF_DEFAULT_BRIDGE   "xenbr0"
#define VIF_DEFAULT_SCRIPT   "vif-bridge"
#define VIF_DEFAULT_INTERVAL 50000u /* microseconds */

struct vif {
	uint8_t mac[6];
	bool has_mac;
	char bridge[VIF_NAME];     /* empty = VIF_DEFAULT_BRIDGE, if the script asks for one */
	char gatewaydev[VIF_NAME]; /* for vif-route */
	char vifname[VIF_NAME];    /* empty = vifDOMID.DEVID */
	char ip[VIF_WORD];         /* for the script: addresses between blanks */
	char script[VIF_WORD];     /* as written; empty = VIF_DEFAULT_SCRIPT */
	char backend[VIF_WORD];    /* name or number of the domain that serves it; empty = 0 */
	uint64_t rate;             /* bytes per second; 0 = no limit */
	uint32_t rate_interval;    /* microseconds */
	uint32_t mtu;              /* 0 = the bridge's */
	int devid;                 /* -1 = the lowest that is free */
	bool trusted;              /* told to the guest: its back end need not be guarded against */
	char where[VIF_WHERE];     /* "FILE:LINE: " of the specification, or empty */
};

/* Starts empty; each vif_set() adds one `key=value` or flag, as the words of network-attach do. */
void vif_init(struct vif *vif);
bool vif_set(struct vif *vif, const char *word, char *why, size_t size);
/* Reads one specification, words between commas.  False: why says what is wrong with it. */
bool vif_parse(struct vif *vif, const char *text, char *why, size_t size);
/* One specification that vif_parse() reads as the same interface. */
void vif_format_text(const struct vif *vif, char *text, size_t size);
#define VIF_TEXT (4 * VIF_WORD + 4 * VIF_NAME + 192)

/* What it may send in each interval, in bytes. */
uint64_t vif_credit(const struct vif *vif);

/* Six pairs of digits; one interface's own address (neither multicast nor all zero). */
bool mac_parse(const char *text, uint8_t mac[6], char *why, size_t size);
void mac_format(const uint8_t mac[6], char text[18]);

#endif
