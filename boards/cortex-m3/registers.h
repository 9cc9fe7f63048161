/* Registers of the Cortex-M3 itself (ARMv7-M B3.2, B3.3, B3.4). */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define SYSTICK_CSR REGISTER(0xE000E010u)
#define SYSTICK_CSR_ENABLE 1u
#define SYSTICK_CSR_TICKINT 2u
#define SYSTICK_CSR_CLKSOURCE 4u /* the processor's clock */
#define SYSTICK_RVR REGISTER(0xE000E014u)
#define SYSTICK_CVR REGISTER(0xE000E018u)

#define NVIC_ISER(interrupt) REGISTER(0xE000E100u + 4u * ((interrupt) / 32u)) /* bit: interrupt % 32 */

#define SCB_AIRCR REGISTER(0xE000ED0Cu)
#define SCB_AIRCR_KEY 0x05FA0000u
#define SCB_AIRCR_SYSRESETREQ 4u
#define SCB_CFSR REGISTER(0xE000ED28u)
#define SCB_CFSR_UNDEFINSTR (1u << 16)
#define SCB_HFSR REGISTER(0xE000ED2Cu)
#define SCB_BFAR REGISTER(0xE000ED38u)

#endif
