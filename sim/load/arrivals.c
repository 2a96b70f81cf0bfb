#include "load/arrivals.h"

#include <math.h>
#include <string.h>

/* ORDER ARRIVALS_PROCESS */
static const char *const names[ARRIVALS_PROCESS_COUNT] = {"constant", "poisson"};

const char *arrivals_process_name(enum arrivals_process process)
{
    return (unsigned)process < ARRIVALS_PROCESS_COUNT ? names[process] : "unknown";
}

bool arrivals_process_parse(const char *name, enum arrivals_process *ret)
{
    for (unsigned i = 0; i < ARRIVALS_PROCESS_COUNT; i++)
        if (strcmp(names[i], name) == 0) {
            *ret = (enum arrivals_process)i;
            return true;
        }
    return false;
}

/* How many more are expected until the next. Exponential for a Poisson process. */
static double gap(struct arrivals *a)
{
    return a->process == ARRIVALS_POISSON ? -log1p(-rng_unit(&a->rng)) : 1;
}

void arrivals_init(struct arrivals *a, enum arrivals_process process, uint64_t seed,
                   uint64_t stream)
{
    *a = (struct arrivals){.process = process};
    rng_init(&a->rng, seed, stream);
    /* Evenly apart, the first comes at once. */
    a->next = process == ARRIVALS_POISSON ? gap(a) : 0;
}

/* So many are expected from the stretch's beginning to `at`. */
static double expected(const struct arrivals *a, usec_t at)
{
    if (a->length == 0 || at <= a->began)
        return 0;
    usec_t passed = at - a->began < a->length ? at - a->began : a->length;
    double t = (double)passed / 1e6;
    double slope = (a->to - a->from) / ((double)a->length / 1e6);
    return (a->from + slope * t / 2) * t;
}

void arrivals_stretch(struct arrivals *a, usec_t at, double from, double to, usec_t length)
{
    double left = a->next - expected(a, at);

    a->next = left > 0 ? left : 0;
    a->from = from;
    a->to = to;
    a->began = at;
    a->length = length;
}

bool arrivals_due(const struct arrivals *a, usec_t *ret)
{
    if (a->length == 0)
        return false;
    /* from t + slope/2 t² = next, in the form that neither a small slope nor a large time spoils.
     */
    double seconds = (double)a->length / 1e6;
    double slope = (a->to - a->from) / seconds;
    double root = a->from * a->from + 2 * slope * a->next;
    double below = root >= 0 ? a->from + sqrt(root) : 0;
    if (below <= 0 && !(a->next <= 0 && a->to > 0)) /* from rest: the first comes at once */
        return false;
    double t = below > 0 ? 2 * a->next / below : 0;
    if (!(t < seconds))
        return false;
    *ret = a->began + (usec_t)(t * 1e6);
    return true;
}

void arrivals_take(struct arrivals *a)
{
    a->next += gap(a);
}
