/* SPDX-License-Identifier: MIT */
/* Numbers of all MSRs that the hypervisor uses or answers for (AMD APM vol. 2 appendix A). */
#ifndef CPU_MSR_H
#define CPU_MSR_H

#define MSR_TSC            0x00000010u
#define MSR_APIC_BASE      0x0000001Bu
#define MSR_PRED_CMD       0x00000049u
#define MSR_PATCH_LEVEL    0x0000008Bu
#define MSR_MTRR_CAP       0x000000FEu
#define MSR_SYSENTER_CS    0x00000174u
#define MSR_SYSENTER_ESP   0x00000175u
#define MSR_SYSENTER_EIP   0x00000176u
#define MSR_PAT            0x00000277u
#define MSR_MTRR_DEFAULT   0x000002FFu
#define MSR_X2APIC_FIRST   0x00000800u
#define MSR_X2APIC_END     0x00000900u
#define MSR_AMD_FIRST      0xC0000000u
#define MSR_EFER           0xC0000080u
#define MSR_STAR           0xC0000081u
#define MSR_LSTAR          0xC0000082u
#define MSR_CSTAR          0xC0000083u
#define MSR_SFMASK         0xC0000084u
#define MSR_FS_BASE        0xC0000100u
#define MSR_GS_BASE        0xC0000101u
#define MSR_KERNEL_GS_BASE 0xC0000102u
#define MSR_TSC_AUX        0xC0000103u
#define MSR_HWCR           0xC0010015u
#define MSR_NB_CFG         0xC001001Fu
#define MSR_VM_CR          0xC0010114u
#define MSR_HSAVE_PA       0xC0010117u
#define MSR_OSVW_LENGTH    0xC0010140u
#define MSR_OSVW_STATUS    0xC0010141u
#define MSR_NODE_ID        0xC001100Cu

#define PRED_CMD_IBPB 1u
#define PAT_RESET     0x0007040600070406ull /* power-on value (7.8.2) */
#endif
