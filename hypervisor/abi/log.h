/* SPDX-License-Identifier: MIT */
/*
 * The launch log: an append-only Merkle tree of records, hashed as RFC 9162 section 2.1 says, with
 * SHA-256.  The hypervisor keeps the tree's right edge and the newest records; Dom0 stores all of
 * them.  A checkpoint puts the tree's root, and a verifier's nonce, into PCR 22.  Shared by
 * hypervisor, tools, verifier and tests; includes nothing but <stdint.h>.  Little endian, naturally
 * aligned, reserved fields zero.
 *
 *	leaf  = SHA-256(0x00, the record's 512 bytes)
 *	inner = SHA-256(0x01, left, right)
 *
 * What a record says of a domain the hypervisor knows by itself, or the builder committed before it
 * parsed a byte of the image; nothing in it is Dom0's word but uuid.  {boot_id, index} names a
 * record, and a launched domain, for ever.
 */
#ifndef CORBEL_LOG_H
#define CORBEL_LOG_H
#include <stdint.h>

#define CORBEL_LOG_MAGIC  "CORBLOG1"
#define CORBEL_LOG_NONE   0x7FFFu /* domid of a record that is about no domain */
#define CORBEL_LOG_RING   1024u /* newest records that the hypervisor keeps until they are stored */
#define CORBEL_NONCE_LEN  32u
#define CORBEL_REPORT_LEN 64u

/* Security versions: raised when a fault is mended that a verifier must be able to insist on.
 * Plain numbers, which an assembler reads too. */
#define CORBEL_HYPERVISOR_SVN 1
#define CORBEL_BUILDER_SVN    1

enum corbel_log_type {
	CORBEL_LOG_boot = 1,    /* always index 0 */
	CORBEL_LOG_launch = 2,  /* a domain was sealed; index 1 is Dom0 */
	CORBEL_LOG_report = 3,  /* a domain's own words */
	CORBEL_LOG_destroy = 4, /* a launched domain ends for good */
	CORBEL_LOG_policy = 5,  /* another policy is in force from here on */
	CORBEL_LOG_builder = 6, /* a builder instance ended without having done its work */
	CORBEL_LOG_type_end
};

struct corbel_log_boot {
	uint32_t hypervisor_svn, builder_svn;
	uint32_t reset_count, restart_count; /* TPM2_ReadClock at boot; 0 when unmeasured */
	uint32_t tpm_error;                  /* as struct corbel_host_info */
	uint32_t banks; /* active PCR banks: 1 SHA-1, 2 SHA-256, 4 SHA-384, 8 SHA-512, 16 SM3,
			   32, 64, 128 SHA3-256, -384, -512; 0 when unmeasured */
	uint8_t builder_image[32]; /* SHA-256, as measured into PCR 17 */
	uint8_t policy_key[2][32]; /* who may sign another policy, zero = nobody */
	char version[32];
};

#define CORBEL_LOG_DEVICES 32u /* as many as a request can name (builder-domain/abi.h) */

struct corbel_log_launch {
	uint8_t uuid[16];  /* decoration: whoever asked for the domain chose it */
	char label[64];    /* NUL-padded context name */
	uint8_t owner[32]; /* SHA-256 of the owner's public key, proved by signature; zero:
			    * nobody's */
	uint8_t request[32], kernel[32], initrd[32], cmdline[32]; /* struct corbel_build_commit */
	uint64_t memory_pages;                                    /* 4 KiB pages of RAM */
	uint64_t min_policy; /* the least policy serial that the owner accepted, 0: any */
	uint32_t vcpus, weight;
	uint32_t device_count; /* PCI functions that it was given: all that its request names, or,
				* of the plan without an IOMMU, none */
	uint32_t pad;
	uint16_t devices[CORBEL_LOG_DEVICES]; /* ascending, as in struct corbel_build_device */
};

/* launch_info: what the record of a domain's launch says, or will say, and how the domain is. */
struct corbel_launch_info {
	uint16_t domid;    /* IN */
	uint16_t state;    /* OUT: CORBEL_DOM_* */
	uint32_t instance; /* OUT: builder instance that built it */
	struct corbel_log_launch record;
	char crash_reason[64];   /* empty unless it crashed */
	uint64_t overhead_bytes; /* hypervisor memory charged to the domain beyond its RAM */
	uint32_t tenant;         /* this boot's number for the owner; 0: the label carries none */
	uint32_t pad;
	uint64_t launch; /* index of the record; 0: not sealed yet */
};

struct corbel_log_report {
	uint64_t launch; /* index of the reporting domain's launch record */
	uint8_t data[CORBEL_REPORT_LEN];
};

struct corbel_log_destroy {
	uint64_t launch;
	uint32_t reason; /* SHUTDOWN_* of <xen/sched.h> if it had shut down, 0xFF if not */
	uint32_t pad;
};

struct corbel_log_policy {
	uint8_t before[32]; /* digest of the policy that it replaces */
	uint64_t before_serial;
	uint32_t reason;            /* CORBEL_SWITCH_*: loaded, rolledback, expired */
	uint32_t standing, revoked; /* of a load: struct corbel_policy_load */
	uint32_t pad;
};

struct corbel_log_builder {
	uint32_t ended; /* number of the instance that ended; `instance` is its successor */
	int32_t status; /* as it gave it to build_done; -1: crash or deadline */
};

struct corbel_log_record {
	uint8_t magic[8];
	uint32_t type;  /* enum corbel_log_type */
	uint16_t domid; /* whom it is about, or CORBEL_LOG_NONE */
	uint16_t pad;
	uint64_t index;   /* leaf index */
	uint64_t time_ns; /* since boot; informative, no proof of time */
	uint8_t boot_id[32];
	uint8_t salt[16];       /* random: a leaf hash shown to others tells them nothing */
	uint8_t policy[32];     /* SHA-256 of the policy in force */
	uint64_t policy_serial; /* 0 unless the boot option policy-serial= or a load says more */
	uint32_t instance;      /* builder instance: of a launch the one that built it */
	uint32_t host_flags;    /* CORBEL_HOST_* */
	union {
		uint8_t bytes[384];
		struct corbel_log_boot boot;
		struct corbel_log_launch launch;
		struct corbel_log_report report;
		struct corbel_log_destroy destroy;
		struct corbel_log_policy policy_change;
		struct corbel_log_builder builder;
	} body;
};
_Static_assert(sizeof(struct corbel_log_record) == 512, "layout");

/*
 * The checkpoint.  PCR 22, in every active bank, is reset by locality 2 and extended once with
 * H(these bytes), H being the bank's algorithm: so it equals H(zeroes, H(these bytes)).  It is also
 * the argument of CORBEL_OP_checkpoint: the caller fills nonce, the rest is the answer.
 */
#define CORBEL_CHECKPOINT_MAGIC "CORBCKP1"
#define CORBEL_CHECKPOINT_PCR   22

struct corbel_checkpoint {
	uint8_t magic[8];
	uint8_t boot_id[32];
	uint64_t size;    /* leaves of the tree */
	uint8_t root[32]; /* of the tree */
	uint8_t policy[32];
	uint64_t policy_serial;
	uint32_t policy_switches; /* since boot: as many policy records are in the log */
	uint32_t host_flags;
	uint64_t audit_denied; /* refusals since boot, and */
	uint64_t trace_lost;   /* trace records that were overwritten */
	uint32_t builder_instance;
	uint32_t pad;
	uint8_t nonce[CORBEL_NONCE_LEN];
};
_Static_assert(sizeof(struct corbel_checkpoint) == 184, "layout");

/* log_read: struct corbel_log_read.  Copies whole records, at most one page of them, oldest first.
 * -ENOENT: `first` is no longer kept, or `stored` is beyond the log. */
struct corbel_log_read {
	uint64_t first;      /* index of the first record wanted; == count: nothing is there */
	uint64_t stored;     /* all records below it are on stable storage: the hypervisor forgets
			      * them */
	uint64_t buffer;     /* guest virtual address, 8-byte aligned */
	uint32_t size;       /* bytes, a multiple of 512, <= 4096 */
	uint32_t filled;     /* OUT bytes */
	uint64_t count;      /* OUT: records in the log */
	uint8_t boot_id[32]; /* OUT */
};

/* log_report: appends one report in the caller's name.  -EBUSY: the ring is half full, or the
 * caller's quota is used up (one in ten seconds, 16 in a burst): call again later. */
struct corbel_report {
	uint8_t data[CORBEL_REPORT_LEN];
	uint64_t index;      /* OUT: of this report */
	uint64_t launch;     /* OUT: of the caller's launch record */
	uint8_t boot_id[32]; /* OUT */
};

/*
 * What corbel-report puts into the 64 bytes; verifiers expect it.  The nonce stands there in the
 * clear, so that a report can be told from an older one without knowing what was bound:
 *
 *	[0..32)   the verifier's nonce
 *	[32..64)  SHA-256("corbel.report.1" with its NUL, nonce, SHA-256(the bound bytes))
 */
#define CORBEL_REPORT_TAG "corbel.report.1"
#endif
