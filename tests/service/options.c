#include "options.h"

#include "text.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] = "usage: enrich-sim [option]...\n"
                           "A simulated contact-enrichment service over HTTPS. The app host is below\n"
                           "/api/v2, the api host (synchronous call) below /v2.\n"
                           "Where\n"
                           "  --address IP, --port N     listen there; port 0: a free one   [127.0.0.1, 0]\n"
                           "  --state DIR                its CA and certificate [~/.local/state/enrich-sim]\n"
                           "  --cert FILE --key-file FILE   show this chain and its key (PEM) instead\n"
                           "  --until-eof                stop when standard input ends, too\n"
                           "  --log FILE|-               a line of JSON per request; --log-bodies: with all\n"
                           "  --ledger FILE              a line of JSON per contact accepted and billed\n"
                           "What it does\n"
                           "  --people FILE              only these are found: CSV, see people.csv\n"
                           "  --seed N                   decides ids and, without --people, finds       [1]\n"
                           "  --latency MS               from accepted to finished                   [1000]\n"
                           "  --sync-ms E,P,PE           of a synchronous call by type, added up  [latency]\n"
                           "  --call-ms MS               every call takes this long                     [0]\n"
                           "  --keep N                   finished contacts that can be read           [all]\n"
                           "  --api-key KEY              accept this key; may be given again      [sim-key]\n"
                           "  --consent, --allow-multi   consent is given; several types asynchronously\n"
                           "  --credits N, --plan-limit N   balance; contacts accepted in all [100000, any]\n"
                           "  --price TYPE=N             credits for email, phone, personal_email [1, 10, 5]\n"
                           "  --rate-app N, --rate-sync N   requests a second, then 429         [any, 50]\n"
                           "  --retry-after seconds|date|none   what a 429 says                   [seconds]\n"
                           "  --parallel N               requests at once; others queue                 [5]\n"
                           "  --country CC,CC            the account's default list for phones       [none]\n"
                           "  --country-filter restrict|prioritise                               [restrict]\n"
                           "  --webhook KEY=N            retries, lose and twice (percent), shuffle (ms) [0]\n"
                           "  --webhook-ca FILE          trusted for https; --webhook-anywhere: not only\n"
                           "                             receivers on this machine\n"
                           "  --variant KEY=VALUE        answer in another way that was seen, see README.md\n"
                           "  --faults FILE              what goes wrong: rules in JSON, see README.md\n"
                           "  --admin-key KEY            POST, DELETE /admin/faults with it add, end rules\n"
                           "When it can be called, it says so in one line on standard output:\n"
                           "  enrich-sim: ready address=127.0.0.1 port=43123 key=sim-key\n"
                           "             base=https://localhost:43123/api/v2 ca=/path/ca.pem\n"
                           "key= is there for the default key only, base= where localhost leads there; ca=,\n"
                           "the certificate to trust, is the last, and not there with --cert.\n"
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
    OPTION_LEDGER,
    OPTION_LOG_BODIES,
    OPTION_SYNC_MS,
    OPTION_CALL_MS,
    OPTION_KEEP,
    OPTION_PLAN_LIMIT,
    OPTION_PRICE,
    OPTION_RATE_APP,
    OPTION_RATE_SYNC,
    OPTION_RETRY_AFTER,
    OPTION_PARALLEL,
    OPTION_COUNTRY,
    OPTION_COUNTRY_FILTER,
    OPTION_FAULTS,
    OPTION_ADMIN_KEY,
    OPTION_VARIANT,
    OPTION_WEBHOOK_CA,
    OPTION_WEBHOOK_ANYWHERE,
    OPTION_WEBHOOK,
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
    {"ledger", required_argument, NULL, OPTION_LEDGER},
    {"log-bodies", no_argument, NULL, OPTION_LOG_BODIES},
    {"sync-ms", required_argument, NULL, OPTION_SYNC_MS},
    {"call-ms", required_argument, NULL, OPTION_CALL_MS},
    {"keep", required_argument, NULL, OPTION_KEEP},
    {"plan-limit", required_argument, NULL, OPTION_PLAN_LIMIT},
    {"price", required_argument, NULL, OPTION_PRICE},
    {"rate-app", required_argument, NULL, OPTION_RATE_APP},
    {"rate-sync", required_argument, NULL, OPTION_RATE_SYNC},
    {"retry-after", required_argument, NULL, OPTION_RETRY_AFTER},
    {"parallel", required_argument, NULL, OPTION_PARALLEL},
    {"country", required_argument, NULL, OPTION_COUNTRY},
    {"country-filter", required_argument, NULL, OPTION_COUNTRY_FILTER},
    {"faults", required_argument, NULL, OPTION_FAULTS},
    {"admin-key", required_argument, NULL, OPTION_ADMIN_KEY},
    {"variant", required_argument, NULL, OPTION_VARIANT},
    {"webhook-ca", required_argument, NULL, OPTION_WEBHOOK_CA},
    {"webhook-anywhere", no_argument, NULL, OPTION_WEBHOOK_ANYWHERE},
    {"webhook", required_argument, NULL, OPTION_WEBHOOK},
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

/* WORD=TEXT: the text, if the word is the one. */
static const char *text_behind(const char *value, const char *word)
{
    size_t length = strlen(word);
    return strncmp(value, word, length) == 0 && value[length] == '=' ? value + length + 1 : NULL;
}

static void take_price(const char *value, sim_settings_t *rules)
{
    const struct {
        const char *word;
        int64_t *price;
    } PRICES[] = {
        {"email", &rules->price_email},
        {"phone", &rules->price_phone},
        {"personal_email", &rules->price_personal_email},
    };
    for (size_t i = 0; i < sizeof PRICES / sizeof PRICES[0]; i++) {
        const char *number = text_behind(value, PRICES[i].word);
        if (number != NULL) {
            *PRICES[i].price = (int64_t)read_number("--price", number, INT32_MAX);
            return;
        }
    }
    usage_error("--price", "not email=N, phone=N or personal_email=N");
}

static void take_webhook(const char *value, sim_webhook_settings_t *webhook)
{
    static const char *const WORDS[] = {"retries", "lose", "twice", "shuffle"};
    static const uint64_t MOST[] = {100, 100, 100, INT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        const char *text = text_behind(value, WORDS[i]);
        if (text == NULL) {
            continue;
        }
        uint64_t number = read_number("--webhook", text, MOST[i]);
        webhook->retries = i == 0 ? (unsigned)number : webhook->retries;
        webhook->lose = i == 1 ? (double)number : webhook->lose;
        webhook->twice = i == 2 ? (double)number : webhook->twice;
        webhook->shuffle_ms = i == 3 ? number : webhook->shuffle_ms;
        return;
    }
    usage_error("--webhook", "not retries=N, lose=N, twice=N or shuffle=N");
}

static void take_sync_ms(const char *value, sim_settings_t *rules)
{
    char *text = sim_copy(value);
    char *next = text;
    for (size_t i = 0; i < 3; i++) {
        char *number = strsep(&next, ",");
        if (number == NULL || (i == 2 && next != NULL)) {
            usage_error("--sync-ms", "not three numbers with commas between them");
        }
        rules->sync_ms[i] = read_number("--sync-ms", number, INT32_MAX);
    }
    rules->sync_timing = true;
    free(text);
}

static void take_countries(const char *value, sim_options_t *options)
{
    free(options->countries);
    options->countries = sim_copy(value);
    options->rules.country_code_count = 0;
    char *next = options->countries;
    for (char *code = NULL; (code = strsep(&next, ",")) != NULL;) {
        if (strlen(code) != 2 || strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2) {
            usage_error("--country", "not codes of two capital letters with commas between them");
        }
        size_t count = options->rules.country_code_count++;
        options->country_codes = sim_resize(options->country_codes, count + 1, sizeof(char *));
        options->country_codes[count] = code;
    }
    options->rules.country_codes = options->country_codes;
}

/* The index of the value among count words. */
static size_t read_word(const char *option, const char *value, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(value, words[i]) == 0) {
            return i;
        }
    }
    usage_error(option, "not one of its words");
    return 0;
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
    case OPTION_LEDGER:
        options->ledger_file = value;
        break;
    case OPTION_LOG_BODIES:
        options->log_bodies = true;
        break;
    case OPTION_SYNC_MS:
        take_sync_ms(value, &options->rules);
        break;
    case OPTION_CALL_MS:
        options->rules.call_ms = read_number("--call-ms", value, INT32_MAX);
        break;
    case OPTION_KEEP:
        options->rules.keep = read_number("--keep", value, INT32_MAX);
        break;
    case OPTION_PLAN_LIMIT:
        options->rules.plan_limit = read_number("--plan-limit", value, INT32_MAX);
        break;
    case OPTION_PRICE:
        take_price(value, &options->rules);
        break;
    case OPTION_RATE_APP:
        options->rules.rate_app = read_number("--rate-app", value, INT32_MAX);
        break;
    case OPTION_RATE_SYNC:
        options->rules.rate_sync = read_number("--rate-sync", value, INT32_MAX);
        break;
    case OPTION_RETRY_AFTER:
        options->retry_after =
            (sim_retry_after_t)read_word("--retry-after", value, (const char *const[]){"seconds", "date", "none"}, 3);
        break;
    case OPTION_PARALLEL:
        options->rules.parallel = read_number("--parallel", value, 10000);
        break;
    case OPTION_COUNTRY:
        take_countries(value, options);
        break;
    case OPTION_COUNTRY_FILTER:
        options->rules.country_restricts =
            read_word("--country-filter", value, (const char *const[]){"prioritise", "restrict"}, 2) == 1;
        break;
    case OPTION_FAULTS:
        options->faults_file = value;
        break;
    case OPTION_ADMIN_KEY:
        if (*value == '\0') {
            usage_error("--admin-key", "empty");
        }
        options->admin_key = value;
        break;
    case OPTION_VARIANT:
        if (!sim_variants_take(&options->variants, value)) {
            usage_error("--variant", "no such KEY=VALUE");
        }
        break;
    case OPTION_WEBHOOK_CA:
        options->webhook.ca_file = value;
        break;
    case OPTION_WEBHOOK_ANYWHERE:
        options->webhook.anywhere = true;
        break;
    case OPTION_WEBHOOK:
        take_webhook(value, &options->webhook);
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
    *out_options =
        (sim_options_t){.address = "127.0.0.1", .variants = sim_variants_default(), .rules = sim_settings_default()};
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
    free(options->countries);
    free(options->country_codes);
}
