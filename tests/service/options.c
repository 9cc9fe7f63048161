#include "options.h"

#include "text.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] = "usage: enrich-sim [option]...\n"
                           "\n"
                           "A simulated contact-enrichment service over HTTPS. Calls of the app host are\n"
                           "below /api/v2, the synchronous one of the api host is below /v2, on one port.\n"
                           "Runs until SIGINT or SIGTERM.\n"
                           "\n"
                           "Where                                                               [default]\n"
                           "  --address IP      listen there                                  [127.0.0.1]\n"
                           "  --port N          listen there; 0: on a free one                        [0]\n"
                           "  --state DIR       CA and certificate, made at first start and kept\n"
                           "             [$XDG_STATE_HOME/enrich-sim, else ~/.local/state/enrich-sim]\n"
                           "  --cert FILE       show this chain (PEM) instead, with ...\n"
                           "  --key-file FILE   ... its key (PEM)\n"
                           "  --until-eof       stop when standard input ends, too\n"
                           "  --log FILE|-      append a line of JSON per request, without personal data\n"
                           "\n"
                           "What it does\n"
                           "  --people FILE     only these are found; a CSV file with the columns firstname,\n"
                           "                    lastname, company_name, domain, linkedin_url, email,\n"
                           "                    email_status, personal_email, phones\n"
                           "  --seed N          decides ids and, without --people, who is found       [1]\n"
                           "  --latency MS      from accepted to finished; a synchronous answer\n"
                           "                    takes as long                                      [1000]\n"
                           "  --api-key KEY     accept this key; may be given again             [" SIM_DEFAULT_KEY "]\n"
                           "  --consent         the account has accepted personal-email enrichment\n"
                           "  --allow-multi     asynchronous calls take several types\n"
                           "  --credits N       balance at the start; a found e-mail costs 1, each number\n"
                           "                    10, a personal e-mail 5                          [100000]\n"
                           "\n"
                           "As soon as it can be called it says so on standard output:\n"
                           "  enrich-sim: ready address=127.0.0.1 port=43123 key=" SIM_DEFAULT_KEY "\n"
                           "             base=https://localhost:43123/api/v2 ca=/path/ca.pem   (one line)\n"
                           "key= is there for the default key only, base= where localhost leads there. ca=,\n"
                           "the certificate to trust, is always the last, and not there with --cert.\n"
                           "Exit status: 0 stopped, 1 could not run, 2 wrong arguments.\n";

enum {
    OPTION_ADDRESS = 1,
    OPTION_PORT,
    OPTION_STATE,
    OPTION_CERT,
    OPTION_KEY_FILE,
    OPTION_UNTIL_EOF,
    OPTION_LOG,
    OPTION_PEOPLE,
    OPTION_SEED,
    OPTION_LATENCY,
    OPTION_API_KEY,
    OPTION_CONSENT,
    OPTION_ALLOW_MULTI,
    OPTION_CREDITS,
    OPTION_HELP
};

static const struct option OPTIONS[] = {
    {"address", required_argument, NULL, OPTION_ADDRESS},
    {"port", required_argument, NULL, OPTION_PORT},
    {"state", required_argument, NULL, OPTION_STATE},
    {"cert", required_argument, NULL, OPTION_CERT},
    {"key-file", required_argument, NULL, OPTION_KEY_FILE},
    {"until-eof", no_argument, NULL, OPTION_UNTIL_EOF},
    {"log", required_argument, NULL, OPTION_LOG},
    {"people", required_argument, NULL, OPTION_PEOPLE},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"latency", required_argument, NULL, OPTION_LATENCY},
    {"api-key", required_argument, NULL, OPTION_API_KEY},
    {"consent", no_argument, NULL, OPTION_CONSENT},
    {"allow-multi", no_argument, NULL, OPTION_ALLOW_MULTI},
    {"credits", required_argument, NULL, OPTION_CREDITS},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static void usage_error(const char *option, const char *what)
{
    (void)fprintf(stderr, "enrich-sim: %s: %s (see --help)\n", option, what);
    exit(2);
}

/* Decimal digits only, at most limit. */
static uint64_t read_number(const char *option, const char *text, uint64_t limit)
{
    uint64_t number = 0;
    for (const char *digit = text; *digit != '\0'; digit++) {
        unsigned value = (unsigned char)*digit - (unsigned)'0';
        if (value > 9) {
            usage_error(option, "not a number");
        }
        if (number > (limit - value) / 10) {
            (void)fprintf(stderr, "enrich-sim: %s: more than %llu (see --help)\n", option, (unsigned long long)limit);
            exit(2);
        }
        number = number * 10 + value;
    }
    if (*text == '\0') {
        usage_error(option, "empty");
    }
    return number;
}

static void take_key(const char *key, sim_options_t *options)
{
    if (*key == '\0') {
        usage_error("--api-key", "empty");
    }
    size_t count = options->rules.api_key_count++;
    options->api_keys = sim_resize(options->api_keys, count + 1, sizeof(char *));
    options->api_keys[count] = key;
}

static void take_option(int option, const char *value, sim_options_t *options)
{
    switch (option) {
    case OPTION_ADDRESS:
        options->address = value;
        break;
    case OPTION_PORT:
        options->port = (uint16_t)read_number("--port", value, UINT16_MAX);
        break;
    case OPTION_STATE:
        free(options->state);
        options->state = sim_copy(value);
        break;
    case OPTION_CERT:
        options->chain_file = value;
        break;
    case OPTION_KEY_FILE:
        options->key_file = value;
        break;
    case OPTION_UNTIL_EOF:
        options->until_eof = true;
        break;
    case OPTION_LOG:
        options->log_file = value;
        break;
    case OPTION_PEOPLE:
        options->people_file = value;
        break;
    case OPTION_SEED:
        options->rules.seed = read_number("--seed", value, UINT64_MAX);
        break;
    case OPTION_LATENCY:
        options->rules.latency_ms = read_number("--latency", value, INT32_MAX);
        break;
    case OPTION_API_KEY:
        take_key(value, options);
        break;
    case OPTION_CONSENT:
        options->rules.consent = true;
        break;
    case OPTION_ALLOW_MULTI:
        options->rules.allow_multi = true;
        break;
    case OPTION_CREDITS:
        options->rules.credits = (int64_t)read_number("--credits", value, INT32_MAX);
        break;
    case OPTION_HELP:
        (void)fputs(HELP, stdout);
        exit(fflush(stdout) == 0 ? 0 : 1);
    default:
        break;
    }
}

/* Why getopt_long did not take an argument. It knows the options that it names by optopt. */
static void refuse(int answer, const char *argument)
{
    if (answer == ':') {
        usage_error(argument, "needs a value");
    }
    usage_error(argument, optopt > 0 && optopt <= OPTION_HELP ? "takes no value" : "no such option");
}

static char *default_state(void)
{
    const char *base = getenv("XDG_STATE_HOME");
    if (base != NULL && base[0] == '/') { /* the XDG specification: a relative path is ignored */
        return sim_format("%s/enrich-sim", base);
    }
    const char *home = getenv("HOME");
    if (home == NULL || home[0] != '/') {
        usage_error("--state", "needed when neither XDG_STATE_HOME nor HOME is set");
    }
    return sim_format("%s/.local/state/enrich-sim", home);
}

void sim_options_read(int argc, char **argv, sim_options_t *out_options)
{
    *out_options = (sim_options_t){.address = "127.0.0.1", .rules = sim_settings_default()};
    for (;;) {
        const char *argument = argv[optind];
        int option = getopt_long(argc, argv, "+:", OPTIONS, NULL); /* + in order, : faults are told here */
        if (option == -1) {
            break;
        }
        if (option == '?' || option == ':') {
            refuse(option, argument);
        }
        take_option(option, optarg, out_options);
    }
    if (optind < argc) {
        usage_error(argv[optind], "not an option");
    }
    if ((out_options->chain_file == NULL) != (out_options->key_file == NULL)) {
        usage_error("--cert", "goes together with --key-file");
    }
    if (out_options->api_keys == NULL) {
        take_key(SIM_DEFAULT_KEY, out_options);
    }
    if (out_options->state == NULL && out_options->chain_file == NULL) {
        out_options->state = default_state();
    }
    out_options->rules.api_keys = out_options->api_keys;
}

void sim_options_free(sim_options_t *options)
{
    free(options->state);
    free(options->api_keys);
}
