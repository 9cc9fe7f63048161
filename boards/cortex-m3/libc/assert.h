/* <assert.h> of the images: a failed assertion is an undefined instruction, and start.c tells its address. Texts, files
   and lines stay out of the flash; `arm-none-eabi-addr2line -i -e scanner.elf PC` has them. Read again at every include
   (C11 7.2). */
#undef assert
#ifdef NDEBUG
#define assert(expression) ((void)0)
#else
#define assert(expression) ((expression) ? (void)0 : assert_failed(__LINE__))
#endif

#ifndef CORTEX_M3_ASSERT_H
#define CORTEX_M3_ASSERT_H

#define static_assert _Static_assert

/* The line stands in a comment of the assembler's: so gcc keeps the instructions of two assertions apart. */
_Noreturn __attribute__((always_inline)) static inline void assert_failed(int line)
{
    __asm__ volatile("udf #255 @ %c0" ::"i"(line));
    __builtin_unreachable();
}

#endif
