#include "cli/metrics_endpoint.h"

#include "base/log.h"
#include "fleet/simulation.h"
#include "http/http_accept.h"
#include "metrics/openmetrics.h"
#include "script/runner.h"

bool metrics_endpoint_check(const char *address, struct error *err)
{
    struct http_address parsed;

    return address == NULL || http_address_parse(address, &parsed, err) ||
           error_prefix(err, "--metrics");
}

static struct openmetrics_counts count_vehicles(const struct simulation *sim,
                                                struct openmetrics_count ret[TCU_STATE_COUNT])
{
    size_t states[TCU_STATE_COUNT];

    simulation_count_states(sim, states);
    for (int i = 0; i < TCU_STATE_COUNT; i++)
        ret[i] = (struct openmetrics_count){tcu_state_name((enum tcu_state)i), states[i]};
    return (struct openmetrics_counts){ret, TCU_STATE_COUNT};
}

static struct openmetrics_counts
count_scenarios(const struct runner *runner, struct openmetrics_count ret[SCENARIO_VERDICT_COUNT])
{
    if (runner == NULL)
        return (struct openmetrics_counts){0};
    for (int i = 0; i < SCENARIO_VERDICT_COUNT; i++) {
        enum scenario_verdict verdict = (enum scenario_verdict)i;
        ret[i] = (struct openmetrics_count){scenario_verdict_name(verdict),
                                            runner_tally(runner, verdict)};
    }
    return (struct openmetrics_counts){ret, SCENARIO_VERDICT_COUNT};
}

/* The newer one only to those who ask for it by name. */
static enum openmetrics_form form_for(const char *accept)
{
    int newer = http_accept_weight(accept, "application/openmetrics-text");
    int older = http_accept_weight(accept, "text/plain");

    return accept != NULL && newer > older ? OPENMETRICS_1_0 : OPENMETRICS_TEXT_0_4;
}

static void answer(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    const struct metrics_endpoint *m = ctx;
    const struct metrics_source *s = &m->source;
    struct openmetrics_count states[TCU_STATE_COUNT], verdicts[SCENARIO_VERDICT_COUNT];
    usec_t lasted = clock_now() - s->started;
    struct openmetrics_facts facts = {
        .version = FLEETSIM_VERSION,
        .run = s->run,
        .command = s->command,
        .phase = s->phase != NULL ? s->phase(s->ctx) : NULL,
        .lasted = lasted,
        .process_started_wall = (usec_t)clock_wall_ms() * USEC_PER_MSEC - lasted,
        .vehicles = count_vehicles(s->sim, states),
        .scenarios = count_scenarios(s->runner, verdicts),
        .queued = s->sim->gate.queued,
    };

    process_usage_read(&facts.usage);
    enum openmetrics_form form = form_for(request->accept);
    reply->content_type = openmetrics_content_type(form);
    openmetrics_write(s->sim->recorder, &facts, form, &reply->body);
}

bool metrics_endpoint_open(struct metrics_endpoint *m, const char *address,
                           const struct metrics_source *source, struct error *err)
{
    struct http_address at;

    *m = (struct metrics_endpoint){
        .source = *source,
        .routes = {{"/metrics", answer, m}, {0}},
    };
    if (address == NULL)
        return true;
    if (!http_address_parse(address, &at, err))
        return error_prefix(err, "--metrics");
    m->server = http_server_new(source->sim->loop, &at, m->routes, err);
    if (m->server == NULL)
        return error_prefix(err, "--metrics");
    if (!http_address_is_loopback(&at))
        log_warn("--metrics %s: whoever reaches this machine can read them", address);
    log_info("metrics at %s/metrics", http_server_url(m->server));
    return true;
}

void metrics_endpoint_close(struct metrics_endpoint *m)
{
    http_server_free(m->server);
    m->server = NULL;
}
