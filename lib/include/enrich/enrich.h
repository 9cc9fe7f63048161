/* All of libenrich. */
#ifndef ENRICH_ENRICH_H
#define ENRICH_ENRICH_H

#include "enrich/agent.h"
#include "enrich/api.h"
#include "enrich/arena.h"
#include "enrich/badge.h"
#include "enrich/contact.h"
#include "enrich/crc32.h"
#include "enrich/exchange.h"
#include "enrich/http_date.h"
#include "enrich/http_request.h"
#include "enrich/http_response.h"
#include "enrich/journal.h"
#include "enrich/json_reader.h"
#include "enrich/json_writer.h"
#include "enrich/lead.h"
#include "enrich/limits.h"
#include "enrich/port.h"
#include "enrich/result.h"
#include "enrich/seal.h"
#include "enrich/span.h"
#include "enrich/status.h"
#include "enrich/store.h"
#include "enrich/stream.h"
#include "enrich/tls.h"
#include "enrich/url.h"
#include "enrich/utf8.h"

#endif
