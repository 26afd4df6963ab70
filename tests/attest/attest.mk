# SPDX-License-Identifier: MIT
# corbel-attest with the relay kernel instead of Dom0's devices behind it.
$(B)/tests/attest/corbel-attest: $(ATTEST_SRC) tests/attest/host_relay.c \
		$(wildcard measured-boot/attest/*.h hypervisor/abi/*.h builder-domain/abi.h) tools/corbel/host.h tools/corbel/rawlog.h
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) $(ATTEST_SRC) tests/attest/host_relay.c -o $@ $(ATTEST_LIBS)
TESTBIN += $(B)/tests/attest/corbel-attest
