/* SPDX-License-Identifier: MIT */
/*
 * `make bench`: what a verdict costs.  Artificial but complete evidence of a host that has launched
 * 1, 100 and 10,000 domains: its size, the hashes of the tenant's proof, CPU time to read it and to
 * judge it (the verifier's own files are read again for each), and verdicts a second on one core.
 * Prints lines of the form `bench NAME VALUE UNIT`; exit status 1 if a target is missed.
 */
#include <stdlib.h>
#include <time.h>

#include "verify/verify_world.h"

#define ROUNDS        200
#define TARGET_PROOF  14     /* hashes, at 10,000 launches */
#define TARGET_VERIFY 5000.0 /* microseconds of CPU after reading */

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *value)
{
	qsort(value, ROUNDS, sizeof(value[0]), by_value);
	return value[ROUNDS / 2];
}

/* One verdict; false: it is not "trusted", and the figures would mean nothing. */
static bool once(const struct world *w, double *read_us, double *judge_us, size_t *proof)
{
	struct verdict v = {0};
	struct evidence e;
	char error[256];
	double start = now_us(), between;
	bool good;

	if (!verify_evidence_read(&e, w->text, w->length, error)) {
		fprintf(stderr, "bench_verify: %s\n", error);
		return false;
	}
	between = now_us();
	verify_judge(&w->f.in, &e, &v);
	*judge_us = now_us() - between;
	*read_us = between - start;
	*proof = 0;
	for (size_t i = 0; i < e.entry_count; i++) {
		if (e.entry[i].proof_length > *proof) {
			*proof = e.entry[i].proof_length;
		}
	}
	good = v.status == VERDICT_trusted;
	if (!good) {
		verdict_text(&v, stderr);
	}
	verdict_free(&v);
	verify_evidence_free(&e);
	return good;
}

static bool bench(unsigned launches)
{
	static struct world w;
	static double read_us[ROUNDS], judge_us[ROUNDS];
	double read_median, judge_median;
	size_t proof = 0;
	bool good = true;

	world_open(&w, launches);
	for (unsigned i = 0; i < ROUNDS && good; i++) {
		good = once(&w, &read_us[i], &judge_us[i], &proof);
	}
	if (good) {
		read_median = median(read_us);
		judge_median = median(judge_us);
		printf("bench evidence-size-%u-launches %zu bytes\n", launches, w.length);
		printf("bench proof-%u-launches %zu hashes\n", launches, proof);
		printf("bench evidence-read-%u-launches %.0f us\n", launches, read_median);
		printf("bench verify-%u-launches %.0f us\n", launches, judge_median);
		printf("bench verdicts-per-second-%u-launches %.0f\n", launches,
		       1e6 / (read_median + judge_median));
		if (proof > TARGET_PROOF || judge_median > TARGET_VERIFY) {
			printf("not ok - verify: targets are %d hashes and %.0f us\n", TARGET_PROOF,
			       TARGET_VERIFY);
			good = false;
		}
	}
	world_close(&w);
	return good;
}

int main(void)
{
	bool good = bench(1);

	good &= bench(100);
	good &= bench(10000);
	return good ? 0 : 1;
}
