# SPDX-License-Identifier: MIT
# `make bench`: see tests/bench/run.
bench: $(B)/corbel-mb1.elf $(B)/builder.bin $(B)/policy/cloud.bin $(B)/tests/bench/basic.elf \
		$(B)/tests/tenant/bench-tiny.elf $(B)/plan-bench.bin $(B)/tools/corbel-policy
	@CORBEL_BUILD=$(B) tests/bench/run
	@$(foreach command,$(BENCH),$(command);)
.PHONY: bench
