/* SPDX-License-Identifier: MIT */
/*
 * The canonical build request, and the ring page it travels in.  The same
 * bytes, as a boot module called "plan", describe Dom0.
 *
 * A request is a header and then fields { u16 tag, u16 len, len bytes }, packed,
 * little endian, tags strictly ascending: so a duplicate cannot be written, and
 * one meaning has one encoding.  Unknown tags, wrong lengths, trailing bytes and
 * NUL inside strings are refused with the tag named.  Everything the builder acts
 * on is in these bytes; their SHA-256 is the committed request digest.
 */
#ifndef BUILDER_ABI_H
#define BUILDER_ABI_H
#include <stdint.h>

#define CORBEL_REQUEST_MAGIC   0x51524243u /* "CBRQ" */
#define CORBEL_REQUEST_VERSION 1
#define CORBEL_REQUEST_MAX     3072u /* bytes, header included */

struct corbel_request_header {
	uint32_t magic;
	uint16_t version;
	uint16_t reserved; /* 0 */
	uint32_t size;     /* of the whole request, header included */
};

enum corbel_request_tag {
	CORBEL_RQ_name = 1,     /* 1..63 bytes [A-Za-z0-9._+-], no NUL */
	CORBEL_RQ_uuid = 2,     /* 16 bytes */
	CORBEL_RQ_memory = 3,   /* u32 MiB, 4..1048576 */
	CORBEL_RQ_vcpus = 4,    /* u32, 1..CORBEL_MAX_VCPUS */
	CORBEL_RQ_weight = 5,   /* u32, 1..65535 */
	CORBEL_RQ_label = 6,    /* 1..63 bytes, no NUL */
	CORBEL_RQ_cmdline = 7,  /* 0..2047 bytes, no NUL: the final kernel command line */
	CORBEL_RQ_kernel = 8,   /* u64 size of the kernel file in bytes, > 0 */
	CORBEL_RQ_initrd = 9,   /* u64 size of the initrd file in bytes, 0 = none */
	CORBEL_RQ_flags = 10,   /* u32 CORBEL_RQF_* */
	CORBEL_RQ_owner = 11,   /* 0 bytes: nobody's; or struct corbel_owner_manifest */
	CORBEL_RQ_devices = 12, /* 1..CORBEL_RQ_DEVICES_MAX u16, strictly ascending: PCI functions
				 * of segment 0, each bus << 8 | device << 3 | function */
	CORBEL_RQ_tag_end
};
/* All tags above are required, each exactly once; but devices is left out when there is none, and
 * never empty: so a request without devices is the same bytes as before there was the tag. */
#define CORBEL_RQ_DEVICES_MAX 32u

#define CORBEL_RQF_DOM0   (1u << 0) /* plan only: SIF_PRIVILEGED|SIF_INITDOMAIN, domain 0 */
#define CORBEL_RQF_PAUSED (1u << 1) /* leave it paused after seal */
/* Request only: the number that the domain is to have, once its last holder has ended, in these 16
 * bits; 0: the next free one.  So a driver domain comes again to its clients. */
#define CORBEL_RQF_NUMBER_SHIFT 8
#define CORBEL_RQF_NUMBER       (0xFFFFu << CORBEL_RQF_NUMBER_SHIFT)
#define CORBEL_RQF_CRASH        (1u << 31) /* test builds of the builder: crash after create */

/*
 * What an owner signs, so that nobody else starts a domain in his name: these files, this command
 * line, this label, on no older builder and under no older policy than these.  Made by corbel-sign;
 * verified by the builder after commit and before seal; the owner is known by the SHA-256 of his
 * key as 65 bytes: 0x04, X, Y (SEC 1, 2.3.3, uncompressed). ECDSA on P-256 over SHA-256 of the
 * first CORBEL_OWNER_SIGNED bytes (FIPS 186-4, 6.4).  Big endian numbers in key and signature, as
 * their standards have them.
 */
#define CORBEL_OWNER_MAGIC "CORBOWN2"

struct corbel_owner_manifest {
	uint8_t magic[8];
	uint8_t kernel[32], initrd[32], cmdline[32]; /* as struct corbel_build_commit has them */
	char label[64];                              /* NUL-padded */
	uint64_t min_policy;   /* least serial of the policy in force, 0: any */
	uint32_t min_builder;  /* least CORBEL_BUILDER_SVN, 0: any */
	uint32_t pad;          /* 0 */
	uint8_t key[64];       /* X, Y */
	uint8_t signature[64]; /* r, s */
};
#define CORBEL_OWNER_SIGNED 248u /* all but the signature */
_Static_assert(sizeof(struct corbel_owner_manifest) == CORBEL_OWNER_SIGNED + 64, "layout");

/*
 * A signed policy: this header, then the blob (xsm/monitor/blob.h).  Made by `corbel-policy sign`;
 * verified by the builder.  Key digest and signature as above, over the first CORBEL_POLICY_SIGNED
 * bytes, which name the blob by its digest.
 */
#define CORBEL_SIGNED_MAGIC "CORBPOL1"

struct corbel_signed_policy {
	uint8_t magic[8];
	uint64_t serial;    /* > 0; above the one in force, or it is refused */
	uint32_t flags;     /* CORBEL_POLICY_NO_ROLLBACK or 0 */
	uint32_t size;      /* bytes of the blob */
	uint8_t digest[32]; /* SHA-256 of the blob */
	uint8_t key[64];
	uint8_t signature[64];
};
#define CORBEL_POLICY_SIGNED 120u /* all but the signature */
_Static_assert(sizeof(struct corbel_signed_policy) == CORBEL_POLICY_SIGNED + 64, "layout");

/* What Dom0 asks in a policy session, in the ring's request bytes.  The signed policy itself is
 * fetched as CORBEL_FILE_policy. */
#define CORBEL_POLICY_REQUEST_MAGIC 0x4c504243u /* "CBPL" */

struct corbel_policy_request {
	uint32_t magic;
	uint32_t size;      /* of the signed policy, header included */
	uint32_t flags;     /* CORBEL_POLICY_REVOKE, CORBEL_POLICY_CHECK */
	uint32_t confirm_s; /* see struct corbel_policy_load */
};

/*
 * The ring page.  Dom0 owns the page and grants it to the builder (rendezvous_set names the grant
 * and the event port), so to the builder every byte is hostile and is read once into a local copy.
 * Both sides notify the port after each change.  The builder pulls: it asks for a range of a file
 * (want_*), Dom0 puts the bytes into the data pages (granted one by one, data_ref) and answers with
 * have_seq = want_seq and have_len.  data_refs must not change during a session.
 */
#define CORBEL_RING_MAGIC    0x474e5243u /* "CRNG" */
#define CORBEL_RING_MAX_DATA 128u        /* data pages: 512 KiB per exchange */
#define CORBEL_RING_GIVE_UP  0xFFFFFFFFu /* in have_len */

enum corbel_ring_state { /* written by the builder */
			 CORBEL_RING_idle = 0,
			 CORBEL_RING_accepted, /* request copied and well formed; domain being
						* made */
			 CORBEL_RING_staging,  /* want_* is valid */
			 CORBEL_RING_building, /* committed; parsing, unpacking */
			 CORBEL_RING_done,     /* result 0, domid valid */
			 CORBEL_RING_failed,   /* result negative errno, reason says why; nothing is
						  left behind */
};
enum corbel_ring_file { CORBEL_FILE_kernel = 1, CORBEL_FILE_initrd = 2, CORBEL_FILE_policy = 3 };

struct corbel_ring {
	/* written by Dom0 before rendezvous_set */
	uint32_t magic;
	uint32_t request_size;
	uint32_t data_refs; /* 1..CORBEL_RING_MAX_DATA */
	uint32_t pad0;
	/* written by Dom0 during the session */
	uint32_t have_seq;
	uint32_t have_len; /* bytes now in the data pages, == want_len, or CORBEL_RING_GIVE_UP */
	/* written by the builder */
	uint32_t state;
	uint32_t instance; /* restart generation */
	uint32_t want_seq; /* counts from 1 */
	uint32_t want_file;
	uint64_t want_offset;
	uint32_t want_len; /* <= data_refs * 4096 */
	int32_t result;
	uint32_t domid;    /* of what was built */
	uint32_t standing; /* policy session: uses that the new policy forbids */
	uint32_t revoked;  /* policy session: of these, ended */
	char reason[128];  /* NUL-terminated */
	uint32_t data_ref[CORBEL_RING_MAX_DATA];
	uint8_t request[CORBEL_REQUEST_MAX];
};
_Static_assert(sizeof(struct corbel_ring) <= 4096, "the ring is one page");
#endif
