# SPDX-License-Identifier: MIT
# For tests/mutation/checks: the compiler, then TEST@SOURCES@LIBRARIES.
CHECK_MUTANT_TESTS = panic heap xsm_floor xsm_monitor xsm_lower sha2 hex eventlog tpm measure checkpoint measure_calc merkle \
	verify_log verify_bootlog reference_mods reference_pe reference_grub reference_plan reference_output $(REFERENCE_CALLS) \
	attest_fake attest_faults attest_words
check-mutants: $(B)/policy/tenants.policydb $(XSM_POLICIES:%=$(B)/policy/%.bin)
	@echo $(HOSTCC) $(filter-out -fsanitize% -fno-sanitize%,$(SANFLAGS)) -w -Itests/unit
	@$(foreach t,$(CHECK_MUTANT_TESTS),echo "$(t)@$(sort $(patsubst $(B)/tests/verify/%.o,%.c,\
		$(patsubst $(REFERENCE_CALL),$(REFERENCE_CALL_OBJ),\
		$(UNIT_SRC_$(t):$(VERIFY_TEST)=$(VERIFY_TEST_OBJ)))))@$(UNIT_LIBS_$(t))";)
.PHONY: check-mutants
# For tests/mutation/verify.
verifier-mutants:
	@echo $(HOSTCC) $(filter-out -fsanitize% -fno-sanitize% -Werror,$(SANFLAGS)) -w -Itests/unit
	@$(foreach t,$(filter-out merkle,$(VERIFY_TESTS)),echo "$(t)@$(sort $(patsubst $(B)/tests/verify/%.o,%.c,\
		$(UNIT_SRC_$(t):$(VERIFY_TEST)=$(VERIFY_TEST_OBJ))))@$(UNIT_LIBS_$(t))";)
.PHONY: verifier-mutants
