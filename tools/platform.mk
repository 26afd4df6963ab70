# SPDX-License-Identifier: MIT
# The platform around the hypervisor: stock kernels, initramfs and boot images, run, test, lint, tcb.
# Included last by the top Makefile, when every list is complete.

# Arguments of the hypervisor and Dom0's launch plan in the boot image.
HV_ARGS ?=
# The policy to boot with: a folder of *.cil, a blob or a signed policy, or the name of a shipped one;
# none: cloud.
POLICY ?=
ifneq ($(filter $(POLICY),$(XSM_POLICIES)),)
POLICY_NAME := $(POLICY)
override POLICY := $(B)/policy/$(POLICY_NAME).bin
endif
DEMO_BUILDER := $(if $(filter $(B)/builder-test.bin,$(ALL) $(TESTBIN)),$(B)/builder-test.bin,$(B)/builder.bin)

deps:
	@tools/install-deps

# ---- stock kernels (downloaded, never installed here; kept by `make clean`) ----------------------
KERNELS := $(B)/kernels
# Again when other modules are wanted; else what is there stays, and nothing that is made of it is old.
$(KERNELS)/%/vmlinuz: always
	@cmp -s tools/image/modules.txt $(@D)/modules.txt || tools/image/fetch-kernel $* $(@D)

# ---- xenstored and its tools, stock as well ------------------------------------------------------
XEN := $(B)/kernels/xen
$(XEN)/package: tools/image/fetch-xen
	tools/image/fetch-xen $(XEN)

$(B)/dom0/vmlinuz: $(KERNELS)/generic/vmlinuz
	@mkdir -p $(@D)
	cp -p $< $@

$(B)/tenant/vmlinuz: $(KERNELS)/cloud/vmlinuz
	@mkdir -p $(@D)
	cp -p $< $@

# ---- initramfs images -----------------------------------------------------------------------------
$(B)/tenant/initrd.cpio: tools/image/tenant-initrd tools/image/add-busybox tools/image/pack-initrd \
		$(wildcard tools/image/tenant/*) $(TENANT_TOOLS) $(KERNELS)/cloud/vmlinuz
	tools/image/tenant-initrd $@ $(KERNELS)/cloud $(TENANT_TOOLS)

# A tenant that has disks (docs/ATTESTATION.md, chapter 9): its initramfs, and its root file system.
$(B)/vm/initrd.cpio: tools/image/vm-initrd tools/image/add-busybox tools/image/pack-initrd \
		tools/image/modules.txt $(wildcard tools/image/vm/*) $(TENANT_TOOLS) $(KERNELS)/cloud/vmlinuz
	@mkdir -p $(@D)
	tools/image/vm-initrd $@ $(KERNELS)/cloud $(TENANT_TOOLS)
$(B)/vm/root.roothash: tools/image/debian-root tools/image/vm-packages.txt tools/image/vm-hook \
		$(shell find tools/image/vm-root -type f)
	@mkdir -p $(@D)
	tools/image/debian-root $(B)/vm/root tools/image/vm-packages.txt --tree tools/image/vm-root \
		--hook tools/image/vm-hook
vm: $(B)/vm/initrd.cpio $(B)/vm/root.roothash $(B)/tenant/vmlinuz
.PHONY: vm
TESTBIN += $(B)/vm/initrd.cpio $(B)/vm/root.roothash

# A keeper of the launch log (docs/POLICY.md, "What blind can do today").
$(B)/keeper/initrd.cpio: tools/image/keeper-initrd tools/image/add-busybox tools/image/pack-initrd \
		tools/image/keeper/init $(B)/tools/corbel $(KERNELS)/cloud/vmlinuz
	@mkdir -p $(@D)
	tools/image/keeper-initrd $@ $(KERNELS)/cloud $(B)/tools/corbel
keeper: $(B)/keeper/initrd.cpio
.PHONY: keeper
TESTBIN += $(B)/keeper/initrd.cpio

DOM0_TOOLS += $(filter $(B)/tools/corbel,$(ALL)) $(B)/tools/corbel-attack
$(B)/tools/corbel-attack: tools/demo/attack.c
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) $< -o $@

$(B)/tenant/tiny.elf: tools/demo/tiny.S tools/demo/tiny.lds
	@mkdir -p $(@D)
	$(CC) -c $< -o $(@:.elf=.o)
	ld -m elf_x86_64 -nostdlib -z max-page-size=4096 -T tools/demo/tiny.lds -o $@ $(@:.elf=.o)

$(B)/dom0/initrd.cpio: tools/image/dom0-initrd tools/image/parts.sh tools/image/add-busybox tools/image/pack-initrd \
		tools/image/modules.txt $(wildcard tools/image/dom0/*) $(B)/dom0/vmlinuz \
		$(B)/tenant/vmlinuz $(B)/tenant/initrd.cpio $(B)/tenant/tiny.elf $(XEN)/package $(DOM0_TOOLS)
	tools/image/dom0-initrd $@ $(KERNELS)/generic $(B)/tenant $(XEN) $(DOM0_TOOLS)

# ---- launch plans and boot images: one with a shell, one that plays the demo ----------------------
# Dom0's PCI devices, as the plan's key has them.
PCI ?=
$(B)/boot-devices.plan: always
	@mkdir -p $(@D); echo "$(if $(strip $(PCI)),pci = $(PCI))" >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(B)/%.plan: tools/image/%.plan $(B)/boot-devices.plan
	cat $^ >$@
$(B)/plan-%.bin: $(B)/%.plan $(B)/tools/corbel-plan $(B)/dom0/vmlinuz $(B)/dom0/initrd.cpio
	$(B)/tools/corbel-plan --kernel $(B)/dom0/vmlinuz --initrd $(B)/dom0/initrd.cpio $< $@

# What `corbel-policy check` objects to would stop the host at boot.  The file is replaced only when
# its bytes are others, and the images with it.
$(B)/boot-policy.bin: $(B)/tools/corbel-policy always \
		$(if $(POLICY),$(filter $(B)/policy/%.bin,$(POLICY)),$(B)/policy/cloud.bin)
	@$< check "$(or $(POLICY),$(B)/policy/cloud.bin)" -o $@.new $(if $(POLICY),,>/dev/null)
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
# Of a signed policy also its serial.
$(B)/boot-policy.args: $(B)/tools/corbel-policy tools/image/policy-args always
	@tools/image/policy-args $< "$(POLICY)" "$(HV_ARGS)" >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
BOOT_ARGS = $(strip $(HV_ARGS) $(shell cat $(B)/boot-policy.args 2>/dev/null))
always:

# Only the demo, which lets a builder crash, has the test build of it.
BOOT_FILES := $(B)/corbel.elf $(B)/boot-policy.bin $(B)/builder.bin
DEMO_FILES := $(B)/corbel.elf $(B)/boot-policy.bin $(DEMO_BUILDER)
BOOT_LINUX := $(B)/dom0/vmlinuz $(B)/dom0/initrd.cpio

$(B)/esp.img: tools/image/make-esp $(BOOT_FILES) $(B)/plan-dom0.bin $(BOOT_LINUX) $(B)/boot-policy.args
	tools/image/make-esp $(B)/esp "$(BOOT_ARGS)" $(BOOT_FILES) $(B)/plan-dom0.bin $(BOOT_LINUX)

$(B)/esp-demo.img: tools/image/make-esp $(DEMO_FILES) $(B)/plan-demo.bin $(BOOT_LINUX) $(B)/boot-policy.args
	tools/image/make-esp $(B)/esp-demo "$(BOOT_ARGS)" $(DEMO_FILES) $(B)/plan-demo.bin $(BOOT_LINUX)

image: $(B)/esp.img

# ---- a driver domain, and a Dom0 that has none but it for devices ------------------------------------
$(B)/driver/initrd.cpio: tools/image/driver-initrd tools/image/parts.sh tools/image/add-busybox \
		tools/image/pack-initrd tools/image/modules.txt $(wildcard tools/image/driver/*) \
		$(KERNELS)/generic/vmlinuz $(XEN)/package
	@mkdir -p $(@D)
	tools/image/driver-initrd $@ $(KERNELS)/generic $(XEN)
$(B)/split/initrd.cpio: tools/image/split-initrd $(wildcard tools/image/split/*) $(B)/dom0/initrd.cpio \
		$(B)/dom0/vmlinuz $(B)/driver/initrd.cpio
	@mkdir -p $(@D)
	tools/image/split-initrd $@ $(B)/dom0/initrd.cpio $(B)/dom0/vmlinuz $(B)/driver/initrd.cpio
SPLIT_LINUX := $(B)/dom0/vmlinuz $(B)/split/initrd.cpio
$(B)/plan-split.bin: tools/image/dom0.plan
$(B)/plan-split-demo.bin: tools/image/demo.plan
$(B)/plan-split.bin $(B)/plan-split-demo.bin: $(B)/tools/corbel-plan $(SPLIT_LINUX)
	$(B)/tools/corbel-plan --kernel $(B)/dom0/vmlinuz --initrd $(B)/split/initrd.cpio $(filter %.plan,$^) $@
$(B)/esp-split.img $(B)/esp-split-demo.img: $(B)/esp-%.img: tools/image/make-esp $(BOOT_FILES) $(B)/plan-%.bin \
		$(SPLIT_LINUX) $(B)/boot-policy.args
	tools/image/make-esp $(B)/esp-$* "$(BOOT_ARGS)" $(BOOT_FILES) $(B)/plan-$*.bin $(SPLIT_LINUX)
TESTBIN += $(B)/plan-split-demo.bin

# ---- the Debian Dom0: disk and boot image (docs/OPERATIONS.md, "A Debian host") --------------------
# Public keys that may log in by ssh; a folder laid over its root; further packages.
SSH_KEY ?=
HOST_TREE ?=
HOST_PACKAGES ?=
STATE_MIB ?= 1024
HOST_PCI = $(or $(strip $(PCI)),00:04.0$(,) 00:05.0)
, := ,
# Made anew when one of them is another one, or has other content.
$(B)/host-options.txt: $(SSH_KEY) always
	@{ echo "$(HOST_PACKAGES) / $(HOST_TREE)"; cat /dev/null $(SSH_KEY); \
		$(if $(HOST_TREE),find $(HOST_TREE) -type f -exec sha256sum {} + | sort;) } >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(B)/host/root.roothash: tools/image/debian-root tools/image/host-root $(shell find tools/image/host -type f ! -name init) \
		$(wildcard tools/image/dom0/*) $(KERNELS)/generic/vmlinuz $(B)/tenant/vmlinuz $(B)/tenant/initrd.cpio \
		$(B)/tenant/tiny.elf $(DOM0_TOOLS) $(B)/host-options.txt
	CORBEL_BUILD=$(B) tools/image/host-root $(B)/host/root $(KERNELS)/generic $(B)/tenant "$(SSH_KEY)" "$(HOST_TREE)" \
		"$(HOST_PACKAGES)" $(DOM0_TOOLS)
$(B)/host/disk.img: tools/image/host-disk $(B)/host/root.roothash
	tools/image/host-disk $@ $(B)/host/root $(STATE_MIB)
$(B)/host/initrd.cpio: tools/image/host-initrd tools/image/host/init tools/image/add-busybox tools/image/pack-initrd \
		$(KERNELS)/generic/vmlinuz
	@mkdir -p $(@D)
	tools/image/host-initrd $@ $(KERNELS)/generic
$(B)/host.plan: tools/image/host.plan $(B)/host/root.roothash always
	@{ sed "s/@ROOTHASH@/$$(cat $(B)/host/root.roothash)/" $<; echo "pci = $(HOST_PCI)"; } >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(B)/plan-host.bin: $(B)/host.plan $(B)/tools/corbel-plan $(B)/dom0/vmlinuz $(B)/host/initrd.cpio
	$(B)/tools/corbel-plan --kernel $(B)/dom0/vmlinuz --initrd $(B)/host/initrd.cpio $< $@
HOST_LINUX := $(B)/dom0/vmlinuz $(B)/host/initrd.cpio
$(B)/esp-host.img: tools/image/make-esp $(BOOT_FILES) $(B)/plan-host.bin $(HOST_LINUX) $(B)/boot-policy.args
	tools/image/make-esp $(B)/esp-host "$(BOOT_ARGS)" $(BOOT_FILES) $(B)/plan-host.bin $(HOST_LINUX)
host-image: deps
	@+$(MAKE) $(if $(V),,-s) --no-print-directory $(B)/host/disk.img $(B)/esp-host.img
	@echo "host-image: $(B)/host/disk.img, $(B)/esp-host.img; root hash $$(cat $(B)/host/root.roothash)"
.PHONY: host-image
TESTBIN += $(B)/esp-demo.img $(B)/esp-demo.pcrs $(B)/plan-dom0.bin

# ---- run ------------------------------------------------------------------------------------------
run: run-$(or $(DOM0),$(filter split,$(POLICY_NAME)),initramfs)
run-split: deps
	@+$(MAKE) $(if $(V),,-s) --no-print-directory POLICY=$(POLICY_NAME) all $(B)/esp-split.img $(B)/esp-split-demo.img
	@tools/run/split
run-initramfs: deps
	@+$(MAKE) $(if $(V),,-s) --no-print-directory all \
		$(B)/esp.img $(B)/esp-demo.img $(B)/esp-demo.pcrs
	@tools/run/run $(if $(DISK),--disk "$(DISK)") $(if $(NIC),--nic)
# DOM0=debian: without an operator's key a fresh one, so that the run can be judged from outside.
RUN_KEY := $(B)/run/ssh/id
run-debian: deps
	@+$(MAKE) $(if $(V),,-s) --no-print-directory SSH_KEY="$(or $(SSH_KEY),$(RUN_KEY).pub)" \
		all $(B)/host/disk.img $(B)/esp-host.img $(B)/esp-host.pcrs
	@tools/run/debian --key "$(patsubst %.pub,%,$(or $(SSH_KEY),$(RUN_KEY)))"
$(RUN_KEY).pub:
	@mkdir -p $(@D)
	ssh-keygen -q -t ed25519 -N "" -C make-run -f $(RUN_KEY)

# ---- test -----------------------------------------------------------------------------------------
# What does not build is a failed test of its own; the rest still runs.
test: deps
	@+rm -rf $(B)/tests/log; $(MAKE) $(if $(V),,-s) --no-print-directory -k test-programs || broken=1; \
		CORBEL_BUILD=$(B) BUILD_BROKEN=$$broken UNITS="$(UNIT)" tests/run $(T)
test-programs: $(ALL) $(TESTBIN) $(UNIT:%=$(B)/tests/unit/%)

# All suites of mutants: those of `make test`, and what takes too long for it.
mutants: deps
	@+$(MAKE) $(if $(V),,-s) --no-print-directory test-programs
	@CORBEL_BUILD=$(B) UNITS="$(UNIT)" MORE_KINDS=mutation tests/run $(if $(T),$(T),system/mutants mutation/)

fuzz: deps
	@$(foreach t,$(filter-out $(FUZZ),$(T)),echo "fuzz: no target $(t); there are: $(sort $(FUZZ))" >&2; exit 1;)
	@+$(MAKE) $(if $(V),,-s) --no-print-directory $(addprefix $(B)/tests/fuzz/,$(or $(T),$(FUZZ)))
	@tests/run-fuzz $(B) $(SECONDS_EACH) $(or $(T),$(FUZZ))
# For tests/system/fuzz-seeds.
fuzz-programs: $(FUZZ:%=$(B)/tests/fuzz/%)
fuzz-names:
	@printf '%s\n' $(sort $(FUZZ))
.PHONY: fuzz-programs fuzz-names

# ---- lint and sizes -------------------------------------------------------------------------------
lint: deps
	@+$(MAKE) $(if $(V),,-s) --no-print-directory all
	@CORBEL_BUILD=$(B) FREE="$(FREE)" HOSTFLAGS="$(HOSTFLAGS)" tools/lint/run $(T)
tcb: deps
	@+$(MAKE) $(if $(V),,-s) --no-print-directory $(B)/corbel.elf $(B)/builder.elf $(B)/policy/cloud.bin \
		$(B)/tools/corbel-policy
	@tools/lint/tcb $(B) "$(HV_SRC)" "$(BUILDER_SRC) $(BUILDER_SHARED_SRC)" $(GATES)

clean:
	find $(B) -mindepth 1 -maxdepth 1 ! -name kernels -exec rm -rf {} + 2>/dev/null || true
distclean:
	rm -rf $(B)

.PHONY: always deps image run run-split run-initramfs run-debian test test-programs mutants fuzz lint tcb clean distclean
