/* SPDX-License-Identifier: MIT */
/*
 * The measurement core: what the hypervisor writes into PCR 17-22 and into the boot event log.
 * Part of the measured image.  It alone uses TPM localities above 0.  Believes nothing the TPM
 * answers beyond its own length checks; any error, once, means "unmeasured" until the next boot.
 *
 * Calls, in this order, on the boot CPU, before Dom0 exists and with no lock held:
 *
 *	measure_init(tis, now_ns)            tis NULL: no TPM, every later call does nothing
 *	measure_firmware_log(log, len)       in the pieces that firmware gave
 *	measure_start()                      takes locality 2, finds the banks
 *	measure_config(command line)         PCR 17
 *	measure_file(MEASURE_policy, ..)     PCR 17
 *	measure_file(MEASURE_builder, ..)    PCR 17
 *	measure_file(MEASURE_plan, ..)       PCR 18
 *	measure_file(MEASURE_kernel, ..)     PCR 18
 *	measure_file(MEASURE_initrd, ..)     PCR 18; left out when there is no initrd
 *	measure_cap()                        separators: the chain is closed
 *	measure_protect()                    locks PCR 20-22 where the TPM can, frees the TPM for
 *	                                     locality 0
 *
 * Dom0's command line is a field of the plan and is measured with it, not a second time.  No call
 * blocks without bound: a TPM command has 2 s, taking the locality 5 s.
 */
#ifndef MEASURED_BOOT_IMAGE_MEASURE_H
#define MEASURED_BOOT_IMAGE_MEASURE_H
#include "base/must_check.h"
#include "measured-boot/shared/eventlog.h"

#define MEASURE_FW_LOG_MAX 65536u
#define MEASURE_LOG_MAX    16384u

/* Errors of our own; values below 0x10000 are TPM response codes. */
enum measure_error {
	MEASURE_ERR_none = 0,
	MEASURE_ERR_no_tpm = 0x43420001,      /* tis was NULL */
	MEASURE_ERR_interface = 0x43420002,   /* nothing there, or not a FIFO interface */
	MEASURE_ERR_locality = 0x43420003,    /* locality 2 not granted within 5 s */
	MEASURE_ERR_timeout = 0x43420004,     /* a command took over 2 s */
	MEASURE_ERR_protocol = 0x43420005,    /* registers contradict the interface specification */
	MEASURE_ERR_response = 0x43420006,    /* malformed or oversized response */
	MEASURE_ERR_banks = 0x43420007,       /* no SHA-256 bank, or one we cannot treat */
	MEASURE_ERR_start_value = 0x43420008, /* PCR 17-19 do not start at all ones */
	MEASURE_ERR_log_full = 0x43420009,    /* record does not fit the log */
	MEASURE_ERR_order = 0x4342000A,       /* calls out of order */
	MEASURE_AGAIN = 0x4342000B,           /* no error: not done yet, call again */
};

void measure_init(volatile uint8_t *tis, uint64_t (*now_ns)(void));

/* Keeps a copy of the firmware's and GRUB's log (crypto-agile format, uninterpreted); only before
 * measure_start().  False: too long or too late, nothing was kept. */
MUST_CHECK bool measure_firmware_log(const void *log, size_t len);

void measure_start(void);
void measure_config(const char *cmdline);
/* Both digests are of the whole file.  When measure_ok() is already false they are not looked at:
 * the caller may save the work and pass NULL. */
void measure_file(enum measure_kind kind, const uint8_t sha256[32], const uint8_t sha384[48],
		  uint64_t size);
void measure_cap(void);
void measure_protect(void);

/* True while a TPM is there and nothing has failed; "measured" once measure_protect() is
 * through. */
MUST_CHECK bool measure_ok(void);
/* 0, or the first error: enum measure_error or a TPM response code. */
MUST_CHECK uint32_t measure_error(void);
/* How often the TPM was reset, and restarted since, as it said at boot; 0 when unmeasured. */
void measure_counts(uint32_t *resets, uint32_t *restarts);

/* The active banks, as eventlog_bank_bit() has them; 0 when unmeasured. */
MUST_CHECK uint32_t measure_banks(void);

/*
 * Puts `record` (at most EVENTLOG_DATA_MAX bytes) into PCR 22, which then holds nothing else. Waits
 * for nobody: neither for locality 0 to let the TPM go nor for the TPM to answer.  MEASURE_AGAIN:
 * call again; the record of the first call counts until it is done.  0: done.  Else an error, and
 * the host is unmeasured from now on.
 */
MUST_CHECK uint32_t measure_checkpoint(const void *record, size_t len);

/* Firmware log followed by our own TCG_PCR_EVENT2 records; returns the length. */
size_t measure_log(const uint8_t **log);
#endif
