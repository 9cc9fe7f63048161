/* The people file of the simulated service, and the search in it. */
#include "people.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char error[SIM_PEOPLE_ERROR_SIZE];

/* From an allocation of the exact size, so that a sanitizer sees a read past its end. */
static bool parse(const char *csv, sim_people_t *out_people)
{
    size_t length = strlen(csv);
    char *exact = malloc(length > 0 ? length : 1);
    assert_non_null(exact);
    memcpy(exact, csv, length);
    bool good = sim_people_parse(exact, length, out_people, error);
    free(exact);
    return good;
}

static void columns_in_any_order_and_missing_ones_empty(void **state)
{
    (void)state;
    sim_people_t people;
    assert_true(parse("phones,lastname,email,firstname\n+1 +2,Lind,a@b.example,Teo\n,Ek,,Ada", &people));
    assert_int_equal(people.count, 2);
    assert_string_equal(people.list[0].firstname, "Teo");
    assert_string_equal(people.list[0].lastname, "Lind");
    assert_string_equal(people.list[0].email, "a@b.example");
    assert_string_equal(people.list[0].email_status, "deliverable");
    assert_string_equal(people.list[0].company_name, "");
    assert_int_equal(people.list[0].phone_count, 2);
    assert_string_equal(people.list[0].phones[0], "+1");
    assert_string_equal(people.list[0].phones[1], "+2");
    assert_string_equal(people.list[1].firstname, "Ada");
    assert_int_equal(people.list[1].phone_count, 0);
    sim_people_free(&people);
}

static void rfc_4180_2_quotes_line_ends_and_empty_lines(void **state)
{
    (void)state;
    sim_people_t people;
    assert_true(parse("\xEF\xBB\xBF\"firstname\",lastname,company_name\r\nTeo,Lind,\"Lind, \"\"Sons\"\" & Co\"\r\n"
                      "\r\n\nAda,Ek,\"\"\n\"Jo\",\"Ek\",\n",
                      &people));
    assert_int_equal(people.count, 3);
    assert_string_equal(people.list[0].company_name, "Lind, \"Sons\" & Co");
    assert_string_equal(people.list[1].company_name, "");
    assert_string_equal(people.list[2].firstname, "Jo");
    assert_string_equal(people.list[2].company_name, "");
    sim_people_free(&people);
}

static void a_fault_names_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *csv;
        const char *error;
    } CASES[] = {
        {"", "line 1: a column is unknown or named twice"},
        {"firstname,lastname,shoe_size\n", "line 1: a column is unknown or named twice"},
        {"firstname,lastname,firstname\n", "line 1: a column is unknown or named twice"},
        {"firstname,email\n", "line 1: the columns firstname and lastname must be there"},
        {"firstname,lastname\na\n", "line 2: fewer fields"},
        {"firstname,lastname\na,b\n\na,b,c\n", "line 4: more fields"},
        {"firstname,lastname\na,b\n,b\n", "line 3: firstname and lastname must not be empty"},
        {"firstname,lastname\na,\"b\n", "line 2: a field holds a line break"},
        {"firstname,lastname\na,\"b", "line 2: a quote is not closed"},
        {"firstname,lastname\na,\"b\"c\n", "line 2: text after a closing quote"},
        {"firstname,lastname\na,b\"c\n", "line 2: a quote inside a field"},
        {"firstname,lastname\na,b\rc,d\n", "line 2: text after a closing quote, or a lone carriage return"},
        {"firstname,lastname,phones\na,b,1 2 3 4 5 6 7 8 9\n", "line 2: more than 8 phones"},
        {"firstname,lastname\na,b\na,\xC3\x28\n", "line 3: not UTF-8"},
        {"firstname,lastname\na,\xC0\xAF\n", "line 2: not UTF-8"},
        {"firstname,lastname\na,\xED\xA0\x80\n", "line 2: not UTF-8"},
        {"firstname,lastname\na,\xF4\x90\x80\x80\n", "line 2: not UTF-8"},
        {"firstname,lastname\na,\xE2\x82", "line 2: not UTF-8"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        sim_people_t people;
        assert_false(parse(CASES[i].csv, &people));
        assert_memory_equal(error, CASES[i].error, strlen(CASES[i].error));
        assert_null(people.text);
    }
    sim_people_t people;
    assert_false(sim_people_parse("firstname,lastname\na,b\0c", 24, &people, error));
    assert_string_equal(error, "the file holds a NUL byte");
}

/* Whatever is cut off, the rest is read within its bounds, and a whole line before it is the same line. */
static void every_prefix_is_read_within_bounds(void **state)
{
    (void)state;
    static const char CSV[] = "firstname,lastname,company_name,phones\r\n\"A\"\"da\",Ek,\"x, y\",+1 +2 \r\n"
                              "In\xC3\xA8s,Va,,\n";
    for (size_t length = 0; length < sizeof CSV; length++) {
        char *exact = malloc(length > 0 ? length : 1);
        assert_non_null(exact);
        memcpy(exact, CSV, length);
        sim_people_t people;
        bool good = sim_people_parse(exact, length, &people, error);
        free(exact);
        if (good && people.count > 0) {
            assert_string_equal(people.list[0].firstname, "A\"da");
            assert_string_equal(people.list[0].company_name, "x, y");
        }
        if (good) {
            sim_people_free(&people);
        }
    }
}

static int open_file(void **state)
{
    static sim_people_t people;
    *state = &people;
    return parse("firstname,lastname,company_name,domain,linkedin_url,email\n"
                 "Ada,Ek,Acme AB,acme.example,https://www.linkedin.com/in/ada-example/,1\n"
                 "Ada,Ek,Borealis SA,borealis.example,https://linkedin.com/in/ada-ek-example,2\n"
                 "In\xC3\xA8s,Va,,,,3\n",
                 &people)
               ? 0
               : -1;
}

static int close_file(void **state)
{
    sim_people_free(*state);
    return 0;
}

static void the_search_takes_profile_then_company_then_names_alone(void **state)
{
    static const struct {
        sim_search_t search;
        const char *email; /* NULL: nobody */
    } CASES[] = {
        {{.linkedin_url = "https://www.linkedin.com/in/ada-ek-example"}, "2"},
        {{.linkedin_url = "HTTP://LinkedIn.com/in/Ada-Ek-Example/?trk=x"}, "2"},
        {{.linkedin_url = "www.linkedin.com/in/ada-example#top"}, "1"},
        {{.linkedin_url = "https://www.linkedin.com/in/ada"}, NULL},
        {{.linkedin_url = "https://"}, NULL},
        {{.firstname = "ada", .lastname = "EK", .domain = "Borealis.example"}, "2"},
        {{.firstname = "Ada", .lastname = "Ek", .company_name = "borealis sa"}, "2"},
        {{.firstname = "Ada", .lastname = "Ek", .domain = "other.example"}, NULL},
        {{.firstname = "Ada", .lastname = "Ek", .domain = "other.example", .company_name = "Acme AB"}, "1"},
        {{.firstname = "Ada", .lastname = "Ekk", .domain = "acme.example"}, NULL},
        {{.firstname = "Ada", .lastname = "Ek"}, "1"},
        {{.firstname = "Ada", .lastname = "Ek", .linkedin_url = "https://www.linkedin.com/in/x"}, NULL},
        {{.firstname = "Ada",
          .lastname = "Ek",
          .linkedin_url = "https://www.linkedin.com/in/x",
          .domain = "acme.example"},
         "1"},
        {{.firstname = "In\xC3\xA8s", .lastname = "Va"}, "3"},
        {{.firstname = "In\xC3\xA8s", .lastname = "Va", .domain = " "}, "3"},
        {{.firstname = "Ada"}, NULL},
        {{0}, NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const sim_person_t *person = sim_people_find(*state, &CASES[i].search);
        if (CASES[i].email == NULL) {
            assert_null(person);
        } else {
            assert_non_null(person);
            assert_string_equal(person->email, CASES[i].email);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_in_any_order_and_missing_ones_empty),
        cmocka_unit_test(rfc_4180_2_quotes_line_ends_and_empty_lines),
        cmocka_unit_test(a_fault_names_its_line),
        cmocka_unit_test(every_prefix_is_read_within_bounds),
        cmocka_unit_test_setup_teardown(the_search_takes_profile_then_company_then_names_alone, open_file, close_file),
    };
    return cmocka_run_group_tests_name("service people", tests, NULL, NULL);
}
