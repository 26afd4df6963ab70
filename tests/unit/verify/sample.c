/* SPDX-License-Identifier: MIT */
/*
 * `make sample`: writes what a verifier needs to judge an artificial host (verify_world.h) into a
 * folder, so that a judgement can be tried without a boot.  Keys are made anew each time.
 */
#include "verify/verify_world.h"
#include "tools/lib/hex.h"
#include <stdlib.h>

static const char readme[] =
	"An artificial host and a domain on it, made by `make sample`: what a verifier has.  Its keys\n"
	"were thrown away.\n"
	"\n"
	"evidence.json      what the host gave for the nonce in nonce\n"
	"root.pem           the maker of its TPM\n"
	"hosts.json         the hosts that were enrolled\n"
	"reference.json     what may boot there\n"
	"firmware.json      profile of its firmware; firmware.json.sig, firmware.pem: who signed it\n"
	"limits.json        least versions\n"
	"expect.json        the domain; bound: what its report binds\n"
	"\n"
	"corbel-verify check evidence.json --nonce $(cat nonce) --roots root.pem --hosts hosts.json \\\n"
	"    --reference reference.json --firmware firmware.json --firmware-key firmware.pem \\\n"
	"    --limits limits.json --expect expect.json --bound bound\n";

int main(int count, char **argument)
{
	static struct world w;
	char nonce[65], path[96], command[512];
	int status;

	if (count != 2) {
		fputs("usage: sample FOLDER\n", stderr);
		return 2;
	}
	world_open(&w, 1);
	hex_encode(w.f.in.nonce, 32, nonce);
	fixture_write(&w.f, "nonce", nonce, 64, path);
	fixture_write(&w.f, "evidence.json", w.text, w.length, path);
	fixture_write(&w.f, "README", readme, sizeof(readme) - 1, path);
	snprintf(command, sizeof(command), "mkdir -p '%s' && cp %s/* '%s'", argument[1],
		 w.f.directory, argument[1]);
	status = system(command) == 0 ? 0 : 1;
	world_close(&w);
	return status;
}
