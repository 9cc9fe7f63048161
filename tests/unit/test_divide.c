/* The boards' own division of 64-bit numbers against the compiler's. */
#include "exact.h"

#define __udivmoddi4 divide
#include "../../boards/cortex-m3/divide.c" // NOLINT(bugprone-suspicious-include)

static void divides(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0,          1,           2,
                                       3,          10,          86400,
                                       0xFFFFFFFF, 0x100000000, 0x123456789ABCDEF0,
                                       INT64_MAX,  1ull << 63,  UINT64_MAX - 1,
                                       UINT64_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        for (size_t j = 1; j < sizeof numbers / sizeof numbers[0]; j++) {
            uint64_t rest = 0;
            assert_true(divide(numbers[i], numbers[j], &rest) == numbers[i] / numbers[j]);
            assert_true(rest == numbers[i] % numbers[j]);
            assert_true(divide(numbers[i], numbers[j], NULL) == numbers[i] / numbers[j]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(divides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
