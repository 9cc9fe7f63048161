/* <assert.h> of the images: a failed assertion is one undefined instruction, and start.c tells where it stands. Texts,
   files and lines stay out of the flash; `arm-none-eabi-addr2line -e scanner.elf PC` has them. Read again at every
   include (C11 7.2). */
#undef assert
#ifdef NDEBUG
#define assert(expression) ((void)0)
#else
#define assert(expression) ((expression) ? (void)0 : __builtin_trap())
#endif

#ifndef static_assert
#define static_assert _Static_assert
#endif
