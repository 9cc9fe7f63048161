/* enrich-sim: the simulated enrichment service as an HTTPS server. */
#include "certs.h"
#include "file.h"
#include "ledger.h"
#include "options.h"
#include "server.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop_requested;

static void on_stop_signal(int number)
{
    (void)number;
    stop_requested = 1;
}

/* Blocks the two signals but while waiting, so that none can fall between a look at the flag and the wait. */
static void take_signals(sigset_t *out_wait_mask)
{
    struct sigaction action = {.sa_handler = on_stop_signal};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL);

    sigset_t stopping;
    (void)sigemptyset(&stopping);
    (void)sigaddset(&stopping, SIGINT);
    (void)sigaddset(&stopping, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &stopping, out_wait_mask);
    (void)sigdelset(out_wait_mask, SIGINT);
    (void)sigdelset(out_wait_mask, SIGTERM);
}

static void read_people(const char *path, sim_people_t *out_people)
{
    size_t length = 0;
    char *csv = sim_file_read(path, false, &length);
    char error[SIM_PEOPLE_ERROR_SIZE];
    if (!sim_people_parse(csv, length, out_people, error)) {
        sim_fail("%s: %s", path, error);
    }
    free(csv);
}

static void read_faults(const char *path, sim_injections_t *injections)
{
    size_t length = 0;
    char *text = sim_file_read(path, false, &length);
    char error[SIM_INJECT_ERROR_SIZE];
    if (!sim_inject_add(injections, text, length, error)) {
        sim_fail("%s: %s", path, error);
    }
    free(text);
}

static FILE *open_log(const char *path)
{
    if (path == NULL || strcmp(path, "-") == 0) {
        return path == NULL ? NULL : stdout;
    }
    FILE *log = fopen(path, "ae");
    if (log == NULL) {
        sim_fail("%s: %s", path, strerror(errno));
    }
    return log;
}

static void close_log(FILE *log)
{
    if (log != NULL && log != stdout) {
        (void)fclose(log);
    }
}

/* True when a client on this machine gets there by the name localhost. */
static bool is_localhost(const char *address)
{
    static const char *const ADDRESSES[] = {"127.0.0.1", "0.0.0.0", "::1", "::"};
    for (size_t i = 0; i < sizeof ADDRESSES / sizeof ADDRESSES[0]; i++) {
        if (strcmp(address, ADDRESSES[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void say_ready(const sim_options_t *options, const sim_certs_t *certs, uint16_t port)
{
    (void)printf("enrich-sim: ready address=%s port=%u", options->address, (unsigned)port);
    if (strcmp(options->api_keys[0], SIM_DEFAULT_KEY) == 0) {
        (void)printf(" key=%s", SIM_DEFAULT_KEY);
    }
    if (is_localhost(options->address)) {
        (void)printf(" base=https://localhost:%u/api/v2", (unsigned)port);
    }
    if (certs->ca != NULL) {
        (void)printf(" ca=%s", certs->ca);
    }
    (void)putchar('\n');
    (void)fflush(stdout);
}

static void serve(const sim_options_t *options, const sim_certs_t *certs, sim_rules_t *rules,
                  sim_injections_t *injections, FILE *log)
{
    sigset_t wait_mask;
    take_signals(&wait_mask);
    sim_webhook_settings_t webhook = options->webhook;
    webhook.seed = options->rules.seed;
    webhook.log = log;
    sim_webhooks_t *webhooks = sim_webhooks_new(&webhook);
    sim_server_t *server = sim_server_start(&(sim_server_settings_t){
        .address = options->address,
        .port = options->port,
        .certs = certs,
        .rules = rules,
        .retry_after = options->retry_after,
        .webhooks = webhooks,
        .log = {.file = log, .bodies = options->log_bodies},
        .variants = options->variants,
        .injections = injections,
        .admin_key = options->admin_key,
    });
    say_ready(options, certs, sim_server_port(server));
    sim_server_run(server, &stop_requested, &wait_mask, options->until_eof ? STDIN_FILENO : -1);
    uint64_t requests = sim_server_stop(server);
    sim_webhooks_free(webhooks);
    (void)printf("enrich-sim: stopped requests=%" PRIu64 "\n", requests);
}

int main(int argc, char **argv)
{
    sim_options_t options;
    sim_options_read(argc, argv, &options);
    sim_people_t people = {0};
    if (options.people_file != NULL) {
        read_people(options.people_file, &people);
        options.rules.people = &people;
    }
    sim_injections_t injections = {.seed = options.rules.seed};
    if (options.faults_file != NULL) {
        read_faults(options.faults_file, &injections);
    }
    FILE *log = open_log(options.log_file);
    FILE *ledger = open_log(options.ledger_file);
    if (ledger != NULL) {
        options.rules.on_entry = sim_ledger_write;
        options.rules.on_entry_closure = ledger;
    }
    sim_certs_t certs;
    if (options.chain_file != NULL) {
        sim_certs_load(options.chain_file, options.key_file, &certs);
    } else {
        sim_certs_prepare(options.state, &certs);
    }
    options.rules.reads_batches = options.variants.reads_batches;
    sim_rules_t *rules = sim_rules_new(&options.rules);

    serve(&options, &certs, rules, &injections, log);

    sim_rules_free(rules);
    sim_certs_free(&certs);
    close_log(log);
    close_log(ledger);
    sim_inject_clear(&injections);
    sim_people_free(&people);
    sim_options_free(&options);
    return 0;
}
