# SPDX-License-Identifier: MIT
# Programs for tenants: small, static, of any distribution; so they are linked with musl.  Headers
# that musl has not (Xen's, BearSSL's) come from the system, behind its own.

REPORT_CC   := musl-gcc -std=gnu11 -Os -D_GNU_SOURCE -static -no-pie -s -ffile-prefix-map=$(CURDIR)=. \
               -ffunction-sections -fdata-sections -Wl,--gc-sections $(WARN) $(INC) $(XENDEF) \
               -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu
REPORT_BASE := tools/report/bind.c tools/lib/files.c tools/lib/hex.c measured-boot/shared/sha2.c
REPORT_SRC  := tools/report/main.c tools/report/guestcall.c $(REPORT_BASE)
UNLOCK_SRC  := tools/report/unlock.c tools/report/envelope.c tools/report/fortify.c $(REPORT_BASE)
REPORT_H    := $(wildcard tools/report/*.h) tools/lib/hex.h measured-boot/shared/sha2.h \
               tools/lib/files.h hypervisor/abi/corbel.h hypervisor/abi/log.h

$(B)/tools/corbel-report: $(REPORT_SRC) $(REPORT_H) tools/report/report.mk
	@mkdir -p $(@D)
	$(REPORT_CC) -o $@ $(REPORT_SRC)

# By its path: a folder would bring glibc's start files.
BEARSSL_A = $(shell $(HOSTCC) -print-file-name=libbearssl.a 2>/dev/null)
$(B)/tools/corbel-unlock: $(UNLOCK_SRC) $(REPORT_H) tools/report/report.mk
	@mkdir -p $(@D)
	$(REPORT_CC) -o $@ $(UNLOCK_SRC) $(BEARSSL_A)

$(B)/tools/corbel-release $(B)/tools/corbel-keys: $(B)/tools/%: tools/report/%
	@mkdir -p $(@D)
	install -m 755 $< $@

TENANT_TOOLS := $(B)/tools/corbel-report $(B)/tools/corbel-unlock
ALL += $(TENANT_TOOLS) $(B)/tools/corbel-release $(B)/tools/corbel-keys
TESTBIN += $(B)/esp.img
