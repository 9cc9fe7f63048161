#include "enrich/status.h"

const char *enr_status_name(enr_status_t status)
{
    switch (status) {
#define STATUS_NAME(name, value, meaning)                                                                              \
    case ENR_##name:                                                                                                   \
        return #name;
        ENR_STATUS_LIST(STATUS_NAME)
#undef STATUS_NAME
    default:
        return "?";
    }
}

const char *enr_status_meaning(enr_status_t status)
{
    switch (status) {
#define STATUS_MEANING(name, value, meaning)                                                                           \
    case ENR_##name:                                                                                                   \
        return meaning;
        ENR_STATUS_LIST(STATUS_MEANING)
#undef STATUS_MEANING
    default:
        return "?";
    }
}
