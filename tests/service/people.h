/*
 * The people whom the simulated service knows, read from CSV text (RFC 4180), and the search among them.
 *
 * The first line names the columns, in any order: firstname and lastname, and any of company_name, domain,
 * linkedin_url, email, email_status, personal_email, personal_email_status, phones. Numbers in phones are separated by
 * spaces. An empty field means that the service finds no such value; an e-mail without email_status is `deliverable`, a
 * personal one without personal_email_status `valid`.
 */
#ifndef SERVICE_PEOPLE_H
#define SERVICE_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>

#define SIM_PHONES_MAX 8u /* numbers of one person */

/* Strings are UTF-8 and never NULL; "" means none. */
typedef struct {
    const char *firstname;
    const char *lastname;
    const char *company_name;
    const char *domain;
    const char *linkedin_url;
    const char *email;
    const char *email_status;
    const char *personal_email;
    const char *personal_email_status;
    const char *phones[SIM_PHONES_MAX];
    size_t phone_count;
} sim_person_t;

typedef struct {
    sim_person_t *list;
    size_t count;
    char *text; /* what the strings point into */
} sim_people_t;

#define SIM_PEOPLE_ERROR_SIZE 208u

/*
 * Reads length bytes of CSV. On success out_people is to be given to sim_people_free. On failure out_people holds
 * nothing and out_error a sentence with the line number.
 */
bool sim_people_parse(const char *csv, size_t length, sim_people_t *out_people, char out_error[SIM_PEOPLE_ERROR_SIZE]);

void sim_people_free(sim_people_t *people);

/* Whom to look for. NULL or blank: not given. */
typedef struct {
    const char *firstname;
    const char *lastname;
    const char *company_name;
    const char *domain;
    const char *linkedin_url;
} sim_search_t;

/*
 * The person with that profile; else the one with those names at that domain or company; else, when neither profile
 * nor domain nor company is given, the first one with those names. Case of ASCII letters does not matter, nor do
 * scheme, `www.`, query and last slash of a profile URL. NULL: nobody.
 */
const sim_person_t *sim_people_find(const sim_people_t *people, const sim_search_t *search);

#endif
