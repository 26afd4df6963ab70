# SPDX-License-Identifier: MIT
# The verifier: libcorbel-verify.a, and corbel-verify on top of it.  Runs anywhere; no part of a host.

VERIFY_CLI     := $(addprefix measured-boot/verify/, main.c command.c enroll.c credential.c)
VERIFY_LIB_SRC := $(filter-out $(VERIFY_CLI),$(wildcard measured-boot/verify/*.c)) \
		  tools/lib/hex.c tools/lib/merkle.c \
		  measured-boot/shared/eventlog.c measured-boot/shared/sha2.c
VERIFY_CLI     += tools/lib/files.c
VERIFY_OBJ     := $(patsubst %.c,$(B)/verify/%.o,$(VERIFY_LIB_SRC) $(VERIFY_CLI))
VERIFY_LIB     := $(B)/libcorbel-verify.a
VERIFY_TOOL    := $(B)/tools/corbel-verify
VERIFY_LIBS    := -ljson-c -ltss2-mu -lcrypto
-include $(VERIFY_OBJ:.o=.d)

$(B)/verify/%.o: %.c
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) -MMD -MP -c $< -o $@
$(VERIFY_LIB): $(patsubst %.c,$(B)/verify/%.o,$(VERIFY_LIB_SRC))
	@rm -f $@
	ar rcsD $@ $^
$(VERIFY_TOOL): $(patsubst %.c,$(B)/verify/%.o,$(VERIFY_CLI)) $(VERIFY_LIB)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) $^ -o $@ $(VERIFY_LIBS)
ALL += $(VERIFY_LIB) $(VERIFY_TOOL)
