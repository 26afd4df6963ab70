/* SPDX-License-Identifier: MIT */
/*
 * A real software TPM (swtpm) for unit tests: started in a temporary directory, spoken to at any
 * locality, power-cycled at will.
 */
#ifndef SIM_SWTPM_H
#define SIM_SWTPM_H
#include <stddef.h>
#include <stdint.h>

/* `banks` as for swtpm_setup --pcr-banks.  Fails the test when swtpm does not start. */
void swtpm_start(const char *banks);
/* The same with an EK and its certificate; swtpm_dir() then has the CA: issuercert.pem and
 * swtpm-localca-rootca-cert.pem. */
void swtpm_start_certified(const char *banks);
void swtpm_stop(void);
/* Power off and on, then TPM2_Startup(CLEAR). */
void swtpm_power_cycle(void);
/* One command at a locality; returns the response's length. */
size_t swtpm_execute(unsigned locality, const uint8_t *in, size_t len, uint8_t *out);
/* Lets go of the sockets so that other programs can use the TPM; and back. */
void swtpm_disconnect(void);
void swtpm_connect(void);
/* Path of the command socket; the TCTI is swtpm:path=PATH. */
const char *swtpm_path(void);
const char *swtpm_dir(void);
#endif
