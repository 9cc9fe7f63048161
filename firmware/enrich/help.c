#include "help.h"

static const char OVERVIEW[] = "usage: enrich COMMAND [OPTION]...\n"
                               "\n"
                               "  submit         ask for a person's e-mail address or phone number\n"
                               "  get ID         read what came of it: free, and as often as you like\n"
                               "  bulk FILE|-    ask for many, from CSV or JSON lines; goes on where it ended\n"
                               "  run            be a badge scanner: scans in, results out, nothing is lost\n"
                               "  leads WHAT     look at, export, erase what run has in its journal\n"
                               "  credits        show the account's balance; a cheap check of key and address\n"
                               "  badge FILE|-   show what a scanned badge says; sends nothing\n"
                               "  roster         make the list of attendees for a scanner, or look at one\n"
                               "  provision      make the QR code that tells a device its settings\n"
                               "  webhook FILE|- show what a callback says, and check its token; sends nothing\n"
                               "\n"
                               "enrich COMMAND --help: its options. The key: ENRICH_API_KEY. Exit codes:\n"
                               "   0  done, found or not               8  the service refused the request's data\n"
                               "   1  wrong arguments                  9  the service knows no such id\n"
                               "   2  refused here, nothing was sent  10  too many requests\n"
                               "   3  a setting or a file             11  OUTCOME UNKNOWN: it may have been\n"
                               "   4  network, or the service failed      accepted; do not just send it again\n"
                               "   5  TLS or certificate              12  the answer makes no sense\n"
                               "   6  the API key was refused         13  accepted, no result yet\n"
                               "   7  credits, consent or plan       130  interrupted (143: terminated)\n"
                               "After submit, all but 0, 11, 13, 130 and 143 mean: surely not accepted.\n"
                               "After bulk and run, it is the code of what to look at first.\n";

static const char SUBMIT[] = "usage: enrich submit --type TYPE [OPTION]...\n"
                             "\n"
                             "  --type email|phone|personal_email   what to look for\n"
                             "  --badge FILE|-  [--profile FILE]   the person, from a scanned badge; see badge\n"
                             "  --firstname NAME   --lastname NAME   these and the next win over the badge\n"
                             "  --company NAME     --domain DOMAIN   one of them for email (acme.example)\n"
                             "  --linkedin URL     for phone, personal_email: https://www.linkedin.com/in/NAME\n"
                             "  --country CC       only phone numbers of this country (FR); may be repeated\n"
                             "  --custom KEY=VAL   comes back with the result; may be repeated\n"
                             "  --webhook URL      where the service sends the result, too\n"
                             "  --allow-multi      several --type without --sync (the service may refuse)\n"
                             "  --sync             the call whose answer is the result; takes any types\n"
                             "  --wait             read until the result is there\n"
                             "  --poll MS  --deadline S   first gap between reads [2000], end of waiting [900]\n"
                             "  --json             one JSON object on standard output\n"
                             "  --config FILE      settings, one KEY = VALUE a line; options and variables win\n"
                             "  --key-file FILE    the API key                          [ENRICH_API_KEY]\n"
                             "  --async-base URL   --sync-base URL   [ENRICH_ASYNC_BASE, ENRICH_SYNC_BASE]\n"
                             "  --ca FILE          trust these CAs (PEM), not the system's\n"
                             "  --pin HEX          SHA-256 of a CA key in the chain; give two or more\n"
                             "  --allow-private    allow the service's name to have a private address\n"
                             "  --timeout S        for one request [180]; too short can make an unknown\n"
                             "  --PHASE-timeout S  for dns, connect, handshake, send, answer or body of it\n"
                             "A request is sent once and never repeated by itself.\n";

static const char GET[] = "usage: enrich get ID [OPTION]...\n"
                          "\n"
                          "  --wait             read until the result is there\n"
                          "  --poll MS          first gap between two reads, grows to 10 s   [2000]\n"
                          "  --deadline S       end of waiting                               [900]\n"
                          "  --json             one JSON object on standard output\n"
                          "  --config FILE      settings, one KEY = VALUE a line; options and variables win\n"
                          "  --key-file FILE    the API key                       [ENRICH_API_KEY]\n"
                          "  --async-base URL   [ENRICH_ASYNC_BASE or " ENR_ASYNC_BASE_DEFAULT "]\n"
                          "  --ca FILE          trust these CAs (PEM), not the system's\n"
                          "  --pin HEX          SHA-256 of a CA key in the chain; give two or more\n"
                          "  --allow-private    allow the service's name to have a private address\n"
                          "  --timeout S        for one request                              [180]\n"
                          "  --PHASE-timeout S  for dns, connect, handshake, send, answer or body of it\n"
                          "Reading is free and safe to repeat.\n";

static const char BULK[] = "usage: enrich bulk FILE|- --type TYPE [OPTION]...\n"
                           "\n"
                           "FILE: CSV with a header, or JSON lines. Columns: firstname, lastname, domain,\n"
                           "company_name, linkedin_url; custom.KEY comes back with the result.\n"
                           "\n"
                           "  --type email|phone|personal_email   what to look for\n"
                           "  --webhook URL      where the results go; allows batches of 2 to 100\n"
                           "  --wait             without --webhook: read until the results are there\n"
                           "  --poll MS  --deadline S   first gap between reads [2000], end of waiting [900]\n"
                           "  --country CC       only phone numbers of this country (FR); may be repeated\n"
                           "  --record FILE      what was sent, so that no row is bought twice [FILE.record]\n"
                           "  --json             one JSON object a row on standard output\n"
                           "  --config FILE      settings, one KEY = VALUE a line; options and variables win\n"
                           "  --key-file FILE    the API key                       [ENRICH_API_KEY]\n"
                           "  --async-base URL   [ENRICH_ASYNC_BASE or " ENR_ASYNC_BASE_DEFAULT "]\n"
                           "  --ca FILE          trust these CAs (PEM), not the system's\n"
                           "  --pin HEX          SHA-256 of a CA key in the chain; give two or more\n"
                           "  --allow-private    allow the service's name to have a private address\n"
                           "  --timeout S        for one request [180]; too short can make an unknown\n"
                           "  --PHASE-timeout S  for dns, connect, handshake, send, answer or body of it\n"
                           "Run again, it sends what surely was not accepted, and reads what was accepted.\n";

static const char RUN[] = "usage: enrich run --journal FILE --type TYPE [OPTION]...\n"
                          "\n"
                          "Scans on standard input, a line or a vCard each; events on standard output, one\n"
                          "JSON object a line. A scan that was answered \"captured\" is never lost.\n"
                          "\n"
                          "  --journal FILE     where leads are kept; made when it is not there\n"
                          "  --device-key FILE  its key, made with it [FILE.key]   --size KIB   [4096]\n"
                          "  --type email|phone|personal_email   each a request of its own; repeatable\n"
                          "  --personal-email-ok   the event allows it, for those who consent (a code)\n"
                          "  --profile FILE     how the event writes its badges, a JSON object\n"
                          "  --roster FILE      the event's list: fills in whom an id names\n"
                          "  --notice TEXT      version of the text that people are shown\n"
                          "  --sheet WORD       only codes of the sheet with this word count\n"
                          "  --keep-days N      erase leads so long after their last scan [never]\n"
                          "  --resend TYPE=K    send an unknown request again, K times: may be billed twice\n"
                          "  --ack-fd N         read \"ack DIGEST\" there: that batch of results is taken\n"
                          "  --event TAG  --device ID  --operator NAME   stand in each lead\n"
                          "  --country CC       only phone numbers of this country (FR); may be repeated\n"
                          "  --spread MS        the first request goes within this [2000]\n"
                          "  --poll MS  --deadline S   first gap between reads [2000]; the scans over and\n"
                          "                     nothing new for so long, run ends [900]\n"
                          "  --config FILE  --key-file FILE  --async-base URL  --ca FILE  --pin HEX\n"
                          "  --allow-private  --timeout S  --PHASE-timeout S   as for submit\n"
                          "A signal ends it: what is left is said, and the next run goes on with it.\n";

static const char LEADS[] = "usage: enrich leads WHAT --journal FILE [OPTION]...\n"
                            "\n"
                            "  list [--state STATE]    a line a lead, nothing personal\n"
                            "  show N                  all that is known of one\n"
                            "  stats                   counts by state, room, wear, damage\n"
                            "  export                  all leads as CSV, with --json as JSON lines, with\n"
                            "                          --vcard as vCards; its SHA-256 on standard error\n"
                            "  confirm DIGEST          that export has arrived: its results are taken, leads\n"
                            "                          with nothing left to do are erased\n"
                            "  resend N --type TYPE    send an unknown or rejected request again: an unknown\n"
                            "                          one may be billed once more\n"
                            "  give-up N --type TYPE   wait no longer for it\n"
                            "  erase N                 erase a lead, whatever its state\n"
                            "  erase --badge FILE [--event TAG]   the same by what is scanned\n"
                            "  repair                  give up what is damaged; export first\n"
                            "\n"
                            "  --journal FILE     --device-key FILE   its key [FILE.key]\n"
                            "  --json             of list, show, stats, export\n"
                            "  --config FILE      settings, one KEY = VALUE a line; options win\n"
                            "It needs no network, and no run may have the journal open.\n";

static const char CREDITS[] = "usage: enrich credits [OPTION]...\n"
                              "\n"
                              "Shows the account's balance as the service gives it: one line of JSON.\n"
                              "\n"
                              "  --json             the same inside the object that every command has\n"
                              "  --config FILE      settings, one KEY = VALUE a line; options and variables win\n"
                              "  --key-file FILE    the API key                       [ENRICH_API_KEY]\n"
                              "  --async-base URL   [ENRICH_ASYNC_BASE or " ENR_ASYNC_BASE_DEFAULT "]\n"
                              "  --ca FILE          trust these CAs (PEM), not the system's\n"
                              "  --pin HEX          SHA-256 of a CA key in the chain; give two or more\n"
                              "  --allow-private    allow the service's name to have a private address\n"
                              "  --timeout S        for the request                              [180]\n"
                              "  --PHASE-timeout S  for dns, connect, handshake, send, answer or body of it\n";

static const char BADGE[] = "usage: enrich badge FILE|- [--profile FILE] [--json]\n"
                            "\n"
                            "Shows what the payload of a scanned badge says: vCard, MECARD, BIZCARD, columns,\n"
                            "a LinkedIn URL, an e-mail address, an opaque id. Nothing is sent.\n"
                            "\n"
                            "  --profile FILE  how the event writes its badges, a JSON object\n"
                            "  --json          one JSON object on standard output\n";

static const char ROSTER[] = "usage: enrich roster build TABLE|- -o FILE [OPTION]...\n"
                             "       enrich roster show FILE [ID]\n"
                             "\n"
                             "build makes the list in which a scanner looks attendees up, from CSV:\n"
                             "a line of headings (attendee_id, firstname, lastname, company, domain, email,\n"
                             "phone, title, linkedin_url, no_scan), then a line for each attendee. show says\n"
                             "what a list holds, or who has an id. Nothing is sent.\n"
                             "\n"
                             "  -o FILE            where the list goes\n"
                             "  --expires DAY      last day on which it fills in leads, 2026-11-30  [30 days]\n"
                             "  --list-version N   a later list of the event has a higher one  [the time now]\n";

static const char PROVISION[] = "usage: enrich provision secret --journal FILE\n"
                                "       enrich provision make --secret-file FILE|- --ca FILE [OPTION]...\n"
                                "\n"
                                "secret makes the journal's device a new secret, shown this once; codes made with\n"
                                "the one before are worth nothing. make prints the text of a QR code with all\n"
                                "settings of the one device that has that secret, the API key among them, sealed.\n"
                                "The device takes it through its scanner, once. Nothing is sent.\n"
                                "\n"
                                "  --secret-file FILE  the secret as the device has shown it, - standard input\n"
                                "  --key-file FILE    the API key                       [ENRICH_API_KEY]\n"
                                "  --async-base URL   [ENRICH_ASYNC_BASE or " ENR_ASYNC_BASE_DEFAULT "]\n"
                                "  --ca FILE          the roots that the device trusts (PEM), 1 to 4\n"
                                "  --type TYPE  --event TAG  --device ID  --profile FILE   as for run, as are\n"
                                "  --personal-email-ok  --resend email=K (of all types)  --spread MS\n"
                                "  --notice TEXT  --sheet WORD  --keep-days N  --allow-private\n"
                                "  --time-server NAME  where the device gets its time (SNTP)\n"
                                "  --force            replace settings although leads are undelivered, once they\n"
                                "                     were exported\n"
                                "  --journal FILE  --device-key FILE  --config FILE   as for run\n";

static const char WEBHOOK[] = "usage: enrich webhook FILE|- [OPTION]...\n"
                              "\n"
                              "Shows what the body of a callback says. Nothing is sent. A callback proves\n"
                              "nothing about its sender: confirm it by enrich get before you act on it.\n"
                              "\n"
                              "  --token T   refuse a callback whose custom enr_token is not this one, which\n"
                              "              submit --json has printed\n"
                              "  --json      one JSON object on standard output\n";

const char *help_of(command_t command)
{
    switch (command) {
    case COMMAND_SUBMIT:
        return SUBMIT;
    case COMMAND_GET:
        return GET;
    case COMMAND_BULK:
        return BULK;
    case COMMAND_RUN:
        return RUN;
    case COMMAND_LEADS:
        return LEADS;
    case COMMAND_CREDITS:
        return CREDITS;
    case COMMAND_BADGE:
        return BADGE;
    case COMMAND_PROVISION:
        return PROVISION;
    case COMMAND_ROSTER:
        return ROSTER;
    case COMMAND_WEBHOOK:
        return WEBHOOK;
    default:
        return OVERVIEW;
    }
}

const char *help_hint(command_t command)
{
    switch (command) {
    case COMMAND_SUBMIT:
        return "enrich submit --help shows how";
    case COMMAND_GET:
        return "enrich get --help shows how";
    case COMMAND_BULK:
        return "enrich bulk --help shows how";
    case COMMAND_RUN:
        return "enrich run --help shows how";
    case COMMAND_LEADS:
        return "enrich leads --help shows how";
    case COMMAND_CREDITS:
        return "enrich credits --help shows how";
    case COMMAND_BADGE:
        return "enrich badge --help shows how";
    case COMMAND_PROVISION:
        return "enrich provision --help shows how";
    case COMMAND_ROSTER:
        return "enrich roster --help shows how";
    case COMMAND_WEBHOOK:
        return "enrich webhook --help shows how";
    default:
        return "enrich --help shows how";
    }
}
