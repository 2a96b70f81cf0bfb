#include "load/search.h"

#include <math.h>

/* ORDER SEARCH_OUTCOME */
static const char *const outcome_names[SEARCH_OUTCOME_COUNT] = {"held", "missed", "tripped",
                                                                "invalid"};
/* ORDER SEARCH_BOUND */
static const char *const bound_names[SEARCH_BOUND_COUNT] = {"none", "largest", "at_least"};

const char *search_outcome_name(enum search_outcome outcome)
{
    return (unsigned)outcome < SEARCH_OUTCOME_COUNT ? outcome_names[outcome] : "unknown";
}

const char *search_bound_name(enum search_bound bound)
{
    return (unsigned)bound < SEARCH_BOUND_COUNT ? bound_names[bound] : "unknown";
}

void search_init(struct search *s, const struct search_options *options)
{
    *s = (struct search){.options = *options};
    if (s->options.from > s->options.most)
        s->options.from = s->options.most;
}

/* Below this there is nothing to look for. */
static double least(const struct search *s)
{
    return s->options.whole ? 1 : s->options.from / 1024;
}

static double rounded(const struct search *s, double value)
{
    return s->options.whole ? floor(value) : value;
}

static bool is_close(const struct search *s)
{
    if (s->options.whole && s->high - s->low <= 1)
        return true;
    return s->high - s->low <= s->options.precision * s->low;
}

bool search_next(const struct search *s, double *ret, bool *ret_again)
{
    *ret_again = false;
    if (s->count == SEARCH_STEPS_MAX)
        return false;
    if (s->low == 0 && s->high == 0) {
        *ret = s->options.from;
        return true;
    }
    if (s->low == 0) { /* nothing has held yet */
        *ret = rounded(s, s->high / 2);
        return *ret >= least(s);
    }
    bool open = s->high == 0 && s->low < s->options.most;
    if (open) {
        *ret = fmin(s->low * 2, s->options.most);
        return true;
    }
    if (s->high != 0 && !is_close(s)) {
        *ret = rounded(s, (s->low + s->high) / 2);
        return true;
    }
    *ret = s->low;
    *ret_again = true;
    return s->best != s->low;
}

/* The largest that held below `value`; 0: none did. */
static double held_below(const struct search *s, double value)
{
    double found = 0;

    for (size_t i = 0; i < s->count; i++)
        if (s->steps[i].outcome == SEARCH_HELD && s->steps[i].value < value)
            found = fmax(found, s->steps[i].value);
    return found;
}

void search_tell(struct search *s, const struct search_step *step)
{
    if (s->count == SEARCH_STEPS_MAX)
        return;
    s->steps[s->count++] = *step;
    if (step->outcome == SEARCH_HELD) {
        s->low = step->value;
        if (step->again)
            s->best = step->value;
        return;
    }
    s->high = step->value;
    s->high_is_ours = step->outcome == SEARCH_INVALID;
    if (s->low >= s->high)
        s->low = held_below(s, s->high);
}

enum search_bound search_result(const struct search *s, double *ret)
{
    *ret = s->best;
    if (s->best == 0)
        return SEARCH_NONE;
    return s->high == 0 || s->high_is_ours ? SEARCH_AT_LEAST : SEARCH_LARGEST;
}
