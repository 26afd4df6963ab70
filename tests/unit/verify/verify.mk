# SPDX-License-Identifier: MIT
# Unit tests of the verifier: its real files and what several tests share, compiled once.
VERIFY_SHARED       := tests/unit/verify/verify_fixture.c tests/unit/verify/verify_expect.c tests/unit/verify/verify_world.c tests/unit/verify/verify_recorded.c \
	 tests/unit/verify/verify_case.c
VERIFY_WORLD_SRC    := tests/unit/verify/verify_world.c tests/unit/verify/verify_fixture.c $(VERIFY_LIB_SRC)
VERIFY_RECORDED_SRC := tests/unit/verify/verify_recorded.c tests/unit/verify/verify_fixture.c
VERIFY_TEST_OBJ     := $(patsubst %.c,$(B)/tests/verify/%.o,$(VERIFY_SHARED) $(VERIFY_LIB_SRC) \
			$(filter-out %/main.c,$(VERIFY_CLI)))
VERIFY_TEST         := $(B)/tests/verify/verify.a
-include $(VERIFY_TEST_OBJ:.o=.d)

$(B)/tests/verify/%.o: %.c
	@mkdir -p $(@D)
	$(HOSTCC) $(SANFLAGS) -Itests/unit -MMD -MP -c $< -o $@
$(VERIFY_TEST): $(VERIFY_TEST_OBJ)
	@rm -f $@
	ar rcs $@ $^

UNIT += verify_quote verify_identity verify_certificate verify_inputs verify_judge verify_bootlog verify_log
UNIT += verify_boot verify_tenant verify_enroll verify_request verify_firmware verify_json verify_pages verify_command verify_nets verify_rows verify_limits verify_records verify_reference merkle
VERIFY_TESTS := $(filter verify_% merkle,$(UNIT))
$(foreach t,$(VERIFY_TESTS),$(eval UNIT_SRC_$(t) := tests/unit/verify/$(t).c $(VERIFY_TEST)))
$(foreach t,$(VERIFY_TESTS),$(eval UNIT_LIBS_$(t) := $(VERIFY_LIBS)))
# with a real software TPM
UNIT_SRC_verify_enroll := tests/unit/verify/verify_enroll.c tests/unit/sim/swtpm.c $(VERIFY_TEST)

# What a verifier needs to try a judgement without a boot (docs/ATTESTATION.md).
SAMPLE_TOOL := $(B)/tests/verify/sample
$(SAMPLE_TOOL): tests/unit/verify/sample.c $(VERIFY_TEST)
	@mkdir -p $(@D)
	$(HOSTCC) $(SANFLAGS) -Itests/unit $< $(VERIFY_TEST) -o $@ $(VERIFY_LIBS)
TESTBIN += $(SAMPLE_TOOL)
.PHONY: sample
sample: $(SAMPLE_TOOL)
	@rm -rf $(B)/sample
	@$(SAMPLE_TOOL) $(B)/sample && echo "$(B)/sample/README says what is there"

# For tests/system/mutants-verify: no sanitizers, which cost most of the time.
verify-mutant-flags:
	@echo $(HOSTCC) $(filter-out -O1 -g -Werror -f%,$(SANFLAGS)) -O0 -Itests/unit
.PHONY: verify-mutant-flags
