/* crc32: the check value that every catalogue has, and going on where it ended. */
#include "enrich/crc32.h"

#include "exact.h"

static void gives_the_known_values(void **state)
{
    (void)state;
    assert_int_equal(enr_crc32(0, ENR_SPAN("")), 0);
    assert_int_equal(enr_crc32(0, ENR_SPAN("123456789")), 0xcbf43926u);
    assert_int_equal(enr_crc32(0, ENR_SPAN("The quick brown fox jumps over the lazy dog")), 0x414fa339u);
    const uint8_t blank[32] = {0};
    assert_int_equal(enr_crc32(0, (enr_span_t){blank, 32}), 0x190a55adu);
}

static void goes_on_where_it_ended(void **state)
{
    (void)state;
    enr_span_t text = ENR_SPAN("123456789");
    for (size_t cut = 0; cut <= text.len; cut++) {
        enr_span_t head = exact(text.ptr, cut);
        enr_span_t tail = exact(text.ptr + cut, text.len - cut);
        assert_int_equal(enr_crc32(enr_crc32(0, head), tail), 0xcbf43926u);
        drop(head);
        drop(tail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_known_values),
        cmocka_unit_test(goes_on_where_it_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
