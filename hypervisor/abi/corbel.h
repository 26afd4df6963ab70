/* SPDX-License-Identifier: MIT */
/*
 * Corbel's own calls: what Xen's ABI has no call for.  One hypercall number,
 * __HYPERVISOR_arch_7 (55): RDI = sub-op (enum corbel_op), RSI = guest virtual
 * address of the sub-op's argument structure (never null), result in RAX as a
 * negative Xen errno or >= 0.  Shared by hypervisor, builder, tools and tests;
 * includes nothing but <stdint.h>.  All structures are little endian, naturally
 * aligned; reserved fields must be zero (-EINVAL).
 */
#ifndef CORBEL_ABI_H
#define CORBEL_ABI_H
#include <stdint.h>

#define CORBEL_HYPERCALL 55 /* __HYPERVISOR_arch_7 in <xen/xen.h> */

#define CORBEL_DIGEST_LEN 32 /* SHA-256 everywhere outside the TPM banks */
#define CORBEL_LABEL_LEN  64 /* label text incl. NUL, e.g. "system_u:system_r:tenant.t" */

/* Fixed domain numbers.  Tenants count up from CORBEL_DOMID_FIRST; none is used again before all
 * were, but by who asks for it. */
#define CORBEL_DOMID_DOM0    0
#define CORBEL_DOMID_BUILDER 1
#define CORBEL_DOMID_FIRST   2

enum corbel_op {
	CORBEL_OP_build_create = 0, /* builder: struct corbel_build_create; once per instance */
	CORBEL_OP_build_grant = 1,  /* builder: struct corbel_build_grant */
	CORBEL_OP_build_commit = 2, /* builder: struct corbel_build_commit; write-once */
	CORBEL_OP_build_stub = 3,   /* builder: struct corbel_build_stub; starts the image's stub */
	CORBEL_OP_build_wait = 4,   /* builder: struct corbel_build_wait; -EAGAIN: call again */
	CORBEL_OP_build_vcpu = 5,   /* builder: struct corbel_build_vcpu; PVH entry state */
	CORBEL_OP_build_seal = 6,   /* builder: struct corbel_build_seal */
	CORBEL_OP_build_done = 7,   /* builder: struct corbel_build_done; never returns */
	CORBEL_OP_rendezvous_set = 8,  /* Dom0: struct corbel_rendezvous */
	CORBEL_OP_rendezvous_get = 9,  /* builder: struct corbel_rendezvous; -EAGAIN: call again */
	CORBEL_OP_host_info = 10,      /* struct corbel_host_info */
	CORBEL_OP_launch_info = 11,    /* struct corbel_launch_info (abi/log.h) */
	CORBEL_OP_trace_read = 12,     /* struct corbel_read: struct corbel_trace[] */
	CORBEL_OP_boot_log = 13,       /* struct corbel_read: struct corbel_boot_log, then pieces */
	CORBEL_OP_policy_request = 14, /* Dom0: struct corbel_rendezvous; posts a policy session */
	CORBEL_OP_policy_load = 15,    /* builder: struct corbel_policy_load */
	CORBEL_OP_policy_confirm = 16, /* Dom0: struct corbel_policy_confirm */
	CORBEL_OP_policy_info = 17,    /* struct corbel_policy_info */
	CORBEL_OP_policy_read = 18,    /* struct corbel_read: bytes of the blob in force */
	CORBEL_OP_policy_counters = 19, /* struct corbel_read: struct corbel_policy_counter[] */
	CORBEL_OP_log_read = 20,        /* Dom0: struct corbel_log_read (abi/log.h) */
	CORBEL_OP_log_report = 21,      /* struct corbel_report (abi/log.h) */
	CORBEL_OP_checkpoint = 22, /* Dom0: struct corbel_checkpoint; -EAGAIN: the TPM is busy, call
				    * again; -ENODEV: the host is unmeasured */
	CORBEL_OP_build_device = 23, /* builder: struct corbel_build_device */
	CORBEL_OP_count
};

/* build_create: makes an empty domain in state `building`, owned by this instance.  -EINVAL: a
 * field is out of range; -ENOENT: the policy does not know the label; -EPERM: the label is not for
 * this caller or this instance has created one; -EEXIST: a live domain has this uuid (all zero:
 * none); -ENOMEM: more RAM than the host has, no free domid or the one asked for is taken, or no
 * hypervisor memory left to promise; -EBUSY: the launch log waits to be stored. */
struct corbel_build_create {
	uint16_t domid; /* OUT; IN: the number that it is to have, 0: the next free one */
	uint16_t pad;
	uint32_t flags;     /* CORBEL_BUILD_* */
	uint64_t max_pages; /* 4 KiB pages of RAM the domain may own */
	uint32_t vcpus;     /* 1 .. CORBEL_MAX_VCPUS */
	uint32_t weight;    /* scheduler weight, 1 .. 65535; 256 is usual */
	uint8_t uuid[16];
	char label[CORBEL_LABEL_LEN]; /* NUL-terminated context name known to the policy */
};
#define CORBEL_BUILD_DOM0 1u /* becomes domain 0; allowed once per boot */
#define CORBEL_MAX_VCPUS  8

/* build_grant: seeds one entry of the new domain's grant table (entries 0 and 1 are reserved by
 * Xen's ABI for console and xenstore; GNTTAB_RESERVED_* in <xen/grant_table.h>). */
struct corbel_build_grant {
	uint16_t domid;
	uint16_t peer; /* who may map it */
	uint32_t ref;  /* 0 or 1 */
	uint64_t gfn;
};

/* build_commit: records what is being launched and in whose name, before any byte of it is parsed;
 * write-once.  The builder verifies the owner's signature (builder-domain/abi.h, CORBEL_RQ_owner)
 * right after it: an image that takes the builder over comes too late to claim another owner.
 * -EINVAL: an owner for a label that carries none; -EPERM: the policy in force, or one that may
 * come back, is older than min_policy. */
struct corbel_build_commit {
	uint16_t domid;
	uint16_t pad[3];
	uint8_t request[CORBEL_DIGEST_LEN]; /* SHA-256 of the canonical request bytes */
	uint8_t kernel[CORBEL_DIGEST_LEN];  /* SHA-256 of the kernel file */
	uint8_t initrd[CORBEL_DIGEST_LEN];  /* SHA-256 of the initrd file, of no bytes if none */
	uint8_t cmdline[CORBEL_DIGEST_LEN]; /* SHA-256 of the final command line, without NUL */
	uint8_t owner[CORBEL_DIGEST_LEN];   /* SHA-256 of the owner's public key, all zero: none */
	uint64_t min_policy;                /* least serial of the policy in force; 0: any */
};

/* build_stub: runs the image's own unpacker inside the building domain on one temporary vCPU in
 * 32-bit flat protected mode (paging off) with the execute trap armed on the 2 MiB page at trap. */
struct corbel_build_stub {
	uint16_t domid;
	uint16_t pad[3];
	uint32_t eip;       /* guest-physical entry */
	uint32_t esi;       /* guest-physical address of boot_params */
	uint64_t trap;      /* guest-physical, 2 MiB aligned; the stub ends when it jumps there */
	uint64_t budget_ms; /* CPU time the stub may use; 0 is refused */
};

/* build_wait: blocks (as -EAGAIN + re-call) until the stub has trapped or ended. */
struct corbel_build_wait {
	uint16_t domid;
	uint16_t state; /* OUT: CORBEL_STUB_* */
	uint32_t pad;
	uint64_t rip; /* OUT: where it ended */
};
#define CORBEL_STUB_TRAPPED  1 /* RIP in the trapped block, CPL 0; the vCPU is destroyed */
#define CORBEL_STUB_CRASHED  2 /* odd exit, hypercall, triple fault, halt */
#define CORBEL_STUB_TIMEDOUT 3 /* budget used up */

/* build_vcpu: fresh boot vCPU in PVH entry state (Xen docs/misc/pvh; guest-physical addresses). */
struct corbel_build_vcpu {
	uint16_t domid;
	uint16_t pad[3];
	uint32_t eip; /* value of the PHYS32_ENTRY note */
	uint32_t ebx; /* guest-physical address of hvm_start_info */
};

/* build_seal: -EPERM when the label has rights over domains of the same owner and no owner is
 * set. */
struct corbel_build_seal {
	uint16_t domid;
	uint16_t run; /* 1: unpause at once, 0: leave paused */
	uint32_t pad;
};

/*
 * build_device: the PCI function (segment 0, bus << 8 | device << 3 | function) becomes the
 * domain's at seal, and nobody else's until it has been taken back and reset.  On which label the
 * policy lets it be: resource:add, asked of whom the builder acts for (Dom0's request; the plan:
 * the builder).
 *
 * -ENODEV: nothing answers there.  -EXDEV: it is behind a bridge: those of bus 0 alone are told
 * apart.  -EINVAL: it is a bridge, the host bridge or an IOMMU, or pad is not 0.  -EBUSY: another
 * domain has it, or it could not be reset.  -EOPNOTSUPP: the host has no IOMMU in use.  -ENOSPC:
 * more devices or larger BARs than the window takes.  -ENXIO: it has neither MSI nor MSI-X. -EPERM:
 * the policy.  -EEXIST: the request is committed, in which they are named.
 */
struct corbel_build_device {
	uint16_t domid;
	uint16_t function;
	uint32_t pad;
};

/* Where a domain that has devices sees their memory BARs, guest-physical: from here to the byte
 * before the end.  It does not begin where low RAM ends (at 0xC0000000 or lower), for there Linux
 * keeps room of its own.  Configuration space is reached by the ports 0xCF8 and 0xCFC; the domain
 * sees bus 0 alone. */
#define CORBEL_PCI_WINDOW     0xD0000000u
#define CORBEL_PCI_WINDOW_END 0xFEC00000u

/* build_done: ends this builder instance; a half-built domain is destroyed. */
struct corbel_build_done {
	int32_t status; /* 0 or negative errno, for the trace only */
	uint32_t pad;
};

/* Rendezvous: Dom0 posts one session, to build (rendezvous_set) or to load a policy
 * (policy_request); the builder takes it once (rendezvous_get). */
struct corbel_rendezvous {
	uint32_t ref;      /* Dom0's grant reference of the ring page, granted to the builder */
	uint32_t port;     /* Dom0's event port, unbound for the builder */
	uint32_t instance; /* OUT: builder instance that will serve / serves it */
	uint32_t kind;     /* OUT of rendezvous_get: CORBEL_SESSION_*; 0 on input */
};
#define CORBEL_SESSION_BUILD  0u
#define CORBEL_SESSION_POLICY 1u

/* host_info flags: what cannot be enforced is said. */
#define CORBEL_HOST_MEASURED (1u << 0) /* TPM present and every extend succeeded */
#define CORBEL_HOST_TPM      (1u << 1)
#define CORBEL_HOST_IOMMU    (1u << 2)
#define CORBEL_HOST_EFI      (1u << 3) /* entered through the measured EFI path */
#define CORBEL_HOST_DEBUG    (1u << 4) /* test-only options or a test build of the builder */
#define CORBEL_HOST_WEAK_ENTROPY                                                                   \
	(1u << 5) /* no RDRAND, or it repeats itself: salts, boot id and seeds may be guessed */
#define CORBEL_HOST_SMT (1u << 6) /* cores have more than one thread */
#define CORBEL_HOST_NO_DEVICES                                                                     \
	(1u << 7) /* bus masters of PCI segment 0 were stopped, each read back, and no domain can  \
		   * reach a device that does DMA */
#define CORBEL_HOST_NO_IBPB                                                                        \
	(1u << 8) /* this CPU cannot forget predictions: one domain's may steer another */

struct corbel_host_info {
	uint32_t flags;                            /* CORBEL_HOST_* */
	uint32_t builder_instance;                 /* counts from 1 */
	uint8_t boot_id[32];                       /* random per boot */
	uint8_t policy[CORBEL_DIGEST_LEN];         /* SHA-256 of the policy blob in force */
	uint8_t builder_image[CORBEL_DIGEST_LEN];  /* SHA-256 of the boot module, as measured */
	uint8_t builder_memory[CORBEL_DIGEST_LEN]; /* SHA-256 of the image bytes as they lie in the
						    * running instance, taken before its first
						    * instruction */
	uint64_t free_frames, total_frames,
		dirty_frames;                 /* 4 KiB; dirty: freed, not yet scrubbed */
	uint64_t freed_count, scrubbed_count; /* since boot; equal when dirty_frames is 0 */
	uint64_t audit_denied, trace_lost;
	uint32_t tpm_error; /* last TPM response code or driver error, 0 = none */
	uint32_t pad;
	char version[32];
};

enum corbel_dom_state {
	CORBEL_DOM_building = 0,
	CORBEL_DOM_sealed, /* never run yet */
	CORBEL_DOM_running,
	CORBEL_DOM_paused,
	CORBEL_DOM_shutdown,
	CORBEL_DOM_dying,
	CORBEL_DOM_gone,
	CORBEL_DOM_state_count
};

/*
 * policy_load: the builder has verified the operator's signature and hands in the blob.  Parses it,
 * checks the floor, and that every live label exists in it with the same kind; counts what domains
 * hold now (grant mappings, event channels) that the new policy would not allow, one trace record
 * (CORBEL_TRACE_standing) per subject, object and permission; then switches, in one step.  Unless
 * NO_ROLLBACK is set the policy before it comes back after confirm_s seconds without
 * policy_confirm.
 *
 * 0: done as asked.  1: refused, nothing changed, `reason` says why.  -EPERM: not in a policy
 * session, or whoever posted it may load none any more.  -EBUSY: a policy waits for its
 * confirmation.  -EINVAL: serial not above the last confirmed one, unknown flag, size, confirm_s.
 */
struct corbel_policy_load {
	uint64_t buffer;    /* guest virtual address of the blob, 8-byte aligned */
	uint32_t size;      /* bytes, <= CORBEL_POLICY_MAX */
	uint32_t flags;     /* CORBEL_POLICY_* */
	uint64_t serial;    /* as signed */
	uint32_t confirm_s; /* 1 .. 3600; 0 with NO_ROLLBACK or CHECK */
	uint32_t standing;  /* OUT: uses that the new policy forbids */
	uint32_t revoked;   /* OUT: of these, ended */
	uint32_t pad;
	char reason[128]; /* OUT, NUL-terminated */
};
#define CORBEL_POLICY_NO_ROLLBACK (1u << 0) /* signed with the blob: in force for good at once */
#define CORBEL_POLICY_REVOKE      (1u << 1) /* end the forbidden uses; otherwise they stay */
#define CORBEL_POLICY_CHECK       (1u << 2) /* do all but switch */
#define CORBEL_POLICY_MAX         (128u << 10)

/* policy_confirm: -ENOENT when no policy waits. */
struct corbel_policy_confirm {
	uint32_t keep; /* 1: the new policy stays; 0: back to the one before, at once */
	uint32_t pad;
};

struct corbel_policy_info {
	uint64_t
		serial; /* of the policy in force; the boot policy's: option policy-serial=, or 0 */
	uint8_t digest[CORBEL_DIGEST_LEN]; /* SHA-256 of its blob */
	uint8_t boot[CORBEL_DIGEST_LEN];   /* of the boot policy's */
	uint8_t key[2][CORBEL_DIGEST_LEN]; /* operator keys that may sign, zero = none */
	uint32_t size;                     /* bytes of the blob */
	uint32_t contexts;
	uint32_t seconds_left; /* until it is rolled back, 0 = it stays */
	uint32_t switches;     /* since boot, roll-backs included */
	uint64_t previous;     /* serial that a roll-back returns to; == serial if none waits */
};

/* One element of policy_counters: [subject's context][CORBEL_COUNTER_CLASSES][32 permissions],
 * since the last switch. */
#define CORBEL_COUNTER_CLASSES 16u

/* allowed: the policy said yes.  denied: refused, and on record: by the policy, by the state of a
 * domain (one or the other), or, after the policy said yes, by what the call itself looks at: the
 * granter's entry, the session, who asks. */
struct corbel_policy_counter {
	uint64_t allowed, denied;
};

/* A bounded read: at most one page per call. */
struct corbel_read {
	uint64_t offset; /* bytes; trace_read: first sequence number wanted | CPU << 56 */
	uint64_t buffer; /* guest virtual address, 8-byte aligned */
	uint32_t size;   /* bytes, <= 4096 */
	uint32_t filled; /* OUT bytes */
	uint64_t next;   /* OUT: offset for the next call */
	uint64_t lost;   /* OUT: trace records lost so far */
};

/* boot_log: this header, then the firmware's final events table and the firmware's event log as
 * they lay in its memory, then Corbel's records (TCG_PCR_EVENT2).  Neither of the two ends with a
 * record: the reader finds their ends (tools/corbel/rawlog.c).  All zero: firmware gave no log. */
struct corbel_boot_log {
	uint64_t final_bytes; /* of the table, with its own header; 0: there is none */
	uint64_t log_bytes;
	uint64_t last;       /* offset in the log of its last record */
	uint64_t final_skip; /* so many records at the start of the table are in the log as well */
};

/* One trace record, 48 bytes. */
struct corbel_trace {
	uint64_t seq;             /* counts from 1, never reused */
	uint64_t time_ns;         /* since boot */
	uint16_t kind;            /* CORBEL_TRACE_* */
	uint16_t subject, object; /* domids; 0x7FFF = hypervisor/none */
	uint16_t vcpu;
	uint32_t call;     /* hypercall number << 16 | sub-op */
	int32_t result;    /* negative errno, exit code, or 0 */
	uint8_t cls, perm; /* index into docs/HYPERCALLS.md's class table and bit number */
	uint8_t relation;  /* of the owners, enum xsm_relation; 0xFF: no label was looked at */
	uint8_t cpu;       /* whose ring: each CPU has its own, with its own seq */
	uint16_t subject_context, object_context; /* numbers of the policy then in force */
	uint64_t arg;                             /* kind-specific */
};
#define CORBEL_NO_CONTEXT 0xFFFFu
enum corbel_trace_kind {
	CORBEL_TRACE_denied = 1, /* the gate said no: cls, perm */
	CORBEL_TRACE_audited,    /* allowed, but the policy asks for a record */
	CORBEL_TRACE_state,      /* domain life cycle: arg = new state */
	CORBEL_TRACE_crash,      /* domain_crash: arg = exit code or address */
	CORBEL_TRACE_exit,       /* verbose tracing only */
	CORBEL_TRACE_hypercall,  /* verbose tracing only */
	CORBEL_TRACE_builder,    /* instance start/end: arg = instance */
	CORBEL_TRACE_measure,    /* arg = PCR index, result = TPM rc */
	CORBEL_TRACE_build,      /* object = domain; arg = CORBEL_STEP_*, result = CORBEL_STUB_* */
	CORBEL_TRACE_policy,     /* arg = serial now in force, result = CORBEL_SWITCH_* */
	CORBEL_TRACE_standing,   /* forbidden by a policy to come: cls, perm, arg = how many uses;
				  * result 0 kept, 1 revoked */
	CORBEL_TRACE_storm       /* a device interrupted too often: arg = function */
};
/* The kinds in words, by number: initializer of an array of strings.  Numbers without one: NULL. */
#define CORBEL_TRACE_NAMES                                                                         \
	{                                                                                          \
		[CORBEL_TRACE_denied] = "denied", [CORBEL_TRACE_audited] = "audited",              \
		[CORBEL_TRACE_state] = "state", [CORBEL_TRACE_crash] = "crash",                    \
		[CORBEL_TRACE_exit] = "exit", [CORBEL_TRACE_hypercall] = "hypercall",              \
		[CORBEL_TRACE_builder] = "builder", [CORBEL_TRACE_measure] = "measure",            \
		[CORBEL_TRACE_build] = "build", [CORBEL_TRACE_policy] = "policy",                  \
		[CORBEL_TRACE_standing] = "standing", [CORBEL_TRACE_storm] = "storm",              \
	}

#define CORBEL_SWITCH_loaded     0
#define CORBEL_SWITCH_confirmed  1
#define CORBEL_SWITCH_rolledback 2 /* by policy_confirm */
#define CORBEL_SWITCH_expired    3 /* nobody confirmed in time */

#define CORBEL_STEP_commit 1 /* digests are on record */
#define CORBEL_STEP_stub   2 /* the image's unpacker starts */
#define CORBEL_STEP_ended  3 /* it has ended */

/* Builder domain: fixed layout.  The image is loaded at CORBEL_BUILDER_BASE and entered in 32-bit
 * flat protected mode (PVH register state) at base + header.entry with EBX = guest-physical
 * address of struct corbel_builder_start. */
#define CORBEL_BUILDER_MAGIC  0x3162726f43756c42ull /* first 8 bytes of the image */
#define CORBEL_BUILDER_BASE   0x100000u
#define CORBEL_BUILDER_RAM    0x800000u   /* RAM [0, 8 MiB) */
#define CORBEL_BUILDER_START  0x1000u     /* where struct corbel_builder_start is put */
#define CORBEL_BUILDER_MODULE 0x40000000u /* boot modules, read-only, 2 MiB aligned each */
#define CORBEL_BUILDER_WINDOW 0x80000000u /* foreign and grant mappings go here and up */

struct corbel_builder_header {
	uint64_t magic;
	uint32_t entry;  /* offset of the 32-bit entry point */
	uint32_t size;   /* bytes of the image file */
	uint32_t memory; /* bytes from base to the end of bss; <= RAM - base */
	uint32_t flags;  /* bit 0: test build (accepts debug requests) */
	uint32_t svn;    /* CORBEL_BUILDER_SVN (abi/log.h) of its sources */
};

struct corbel_builder_start {
	uint32_t instance;     /* 1 = boot instance: build Dom0 from the modules */
	uint32_t module_count; /* 0 unless instance == 1 */
	struct {
		uint64_t gpa, size;
		char name[16]; /* "plan", "kernel", "initrd" */
	} module[4];
	uint64_t tsc_hz;                          /* for timeouts */
	uint8_t policy_key[2][CORBEL_DIGEST_LEN]; /* digests of the operator's keys, zero = none */
};
#endif
