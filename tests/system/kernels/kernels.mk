# SPDX-License-Identifier: MIT
# Dom0 and its demo tenant with the kernels of bookworm-backports.
BP := $(B)/tests/backports

$(BP)/tenant/initrd.cpio: tools/image/tenant-initrd tools/image/add-busybox tools/image/pack-initrd \
		$(wildcard tools/image/tenant/*) $(TENANT_TOOLS) $(B)/kernels/cloud-backports/vmlinuz
	@mkdir -p $(@D)
	tools/image/tenant-initrd $@ $(B)/kernels/cloud-backports $(TENANT_TOOLS)

# The other Dom0's depends on the list of tools, which is not complete yet while this is read.
$(BP)/initrd.cpio: $(B)/dom0/initrd.cpio $(BP)/tenant/initrd.cpio $(B)/tenant/tiny.elf \
		$(B)/kernels/generic-backports/vmlinuz
	cp -p $(B)/kernels/cloud-backports/vmlinuz $(B)/tenant/tiny.elf $(BP)/tenant/
	tools/image/dom0-initrd $@ $(B)/kernels/generic-backports $(BP)/tenant $(B)/kernels/xen $(DOM0_TOOLS)

# What `prepare` puts together.
TESTBIN += $(BP)/initrd.cpio $(B)/tests/notes/align4.elf $(B)/tests/notes/align8.elf
