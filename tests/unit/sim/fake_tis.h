/* SPDX-License-Identifier: MIT */
/*
 * A register model of a TPM FIFO (TIS) interface with five localities, for unit tests and fuzzing.
 * Behaves as the interface specification says, unless told to misbehave; commands go to a hook.
 */
#ifndef SIM_FAKE_TIS_H
#define SIM_FAKE_TIS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fake_tis_fault {
	FAKE_TIS_good,
	FAKE_TIS_never_ready,
	FAKE_TIS_no_burst,
	FAKE_TIS_never_expect,
	FAKE_TIS_always_expect,
	FAKE_TIS_never_avail,
	FAKE_TIS_extra_bytes, /* data still available after the stated size */
	FAKE_TIS_dead,        /* status reads all ones */
	FAKE_TIS_fault_count, /* what follows is for single tests */
	FAKE_TIS_stalls,      /* nothing more after the response's header */
	FAKE_TIS_absent,      /* access reads all ones */
	FAKE_TIS_not_valid    /* access does not say that it is valid */
};

struct fake_tis {
	uint32_t did_vid, interface;
	int active; /* locality, -1: none */
	unsigned pending, seized;
	bool grants;    /* false: never lets anybody in */
	bool sticky;    /* a locality does not go when told to, only when seized */
	unsigned hold;  /* ACCESS reads before a seizure takes effect */
	unsigned burst; /* bytes per status look */
	unsigned delay; /* status reads until a response is there */
	enum fake_tis_fault fault;
	enum { FAKE_idle, FAKE_ready, FAKE_reception, FAKE_execution, FAKE_completion } state;
	uint8_t in[4096], out[4096];
	size_t in_len, out_len, out_pos, room;
	unsigned wait, commands;
	uint64_t now;
	/* Answers a command; returns the response's length (<= 4096). */
	size_t (*execute)(unsigned locality, const uint8_t *in, size_t len, uint8_t *out);
};

extern struct fake_tis fake_tis;

/* As GRUB leaves it: locality 0 active. */
void fake_tis_reset(void);
uint64_t fake_tis_now(void);
#endif
