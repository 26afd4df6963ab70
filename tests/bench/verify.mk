# SPDX-License-Identifier: MIT
# What a verdict costs: evidence size, CPU time, verdicts a second.
VERIFY_BENCH := $(B)/tests/bench/verify
$(VERIFY_BENCH): tests/unit/verify/bench_verify.c tests/unit/verify/verify_world.c tests/unit/verify/verify_fixture.c \
		$(VERIFY_LIB) $(wildcard tests/unit/verify_*.h measured-boot/verify/*.h)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) -Itests/unit $(filter %.c %.a,$^) -o $@ $(VERIFY_LIBS)
bench: $(VERIFY_BENCH)
BENCH += $(VERIFY_BENCH)
