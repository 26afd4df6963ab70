# SPDX-License-Identifier: MIT
# corbel-sign: signs what may be launched in an owner's name.  Reads a domain's configuration with
# the CLI's own code.
SIGN_SRC := tools/sign/main.c tools/sign/manifest.c tools/lib/p256.c tools/lib/files.c \
            $(GUEST_SRC) tools/corbel/json.c tools/plan/encode.c

$(B)/tools/corbel-sign: $(SIGN_SRC) $(wildcard tools/sign/*.h tools/corbel/*.h tools/plan/*.h \
		hypervisor/abi/*.h) tools/lib/p256.h tools/lib/files.h
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) $(SIGN_SRC) -o $@ -lcrypto -lyajl_s

ALL += $(B)/tools/corbel-sign
