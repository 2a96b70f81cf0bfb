#include "cli/consent.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/endpoints.h"
#include "net/own_address.h"

/* One whose name is not known yet is looked up now; one that nobody knows is not ours. */
static bool is_own(struct endpoint *e)
{
    struct error ignored;

    if (endpoint_count(e) == 0 && !endpoint_resolve(e, &ignored))
        return false;
    for (size_t i = 0; i < endpoint_count(e); i++)
        if (!own_address(&endpoint_at(e, i)->addr))
            return false;
    return true;
}

/* The first that is not this machine's, or NULL. */
static const struct endpoint *foreign(const struct endpoints *list)
{
    for (size_t i = 0; i < endpoints_count(list); i++)
        if (!is_own(endpoints_at(list, i)))
            return endpoints_at(list, i);
    return NULL;
}

static bool ask(const struct endpoint *e, uint64_t cars)
{
    char answer[16] = "";

    fprintf(stderr,
            "%" PRIu64 " cars are about to connect to %s, which is not this machine.\n"
            "Is it yours to load, and is this meant? [y/N] ",
            cars, endpoint_url(e));
    fflush(stderr);
    if (fgets(answer, sizeof answer, stdin) == NULL)
        fputc('\n', stderr);
    return answer[0] == 'y' || answer[0] == 'Y';
}

bool consent_to(struct consent *c, const struct endpoints *list, uint64_t cars, struct error *err)
{
    if (c->given || cars <= CONSENT_CARS)
        return true;
    const struct endpoint *e = foreign(list);
    if (e == NULL)
        return true;
    if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0)
        return error_set(err, ERROR_USAGE,
                         "%" PRIu64 " cars to %s: not this machine, and nobody to ask whether that "
                         "is meant (if it is: --yes; at most %d cars go without)",
                         cars, endpoint_url(e), CONSENT_CARS);
    c->given = ask(e, cars);
    return c->given ||
           error_set(err, ERROR_USAGE, "%" PRIu64 " cars to %s: not wanted", cars, endpoint_url(e));
}
