/* MQTT.js in a Node.js of its own (tests/bench/peers/mqttjs.js), which takes its own measurements.
 */
#include "tests/bench/bench.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"

static bool take_results(const char *line, struct bench_result *ret)
{
    cJSON *o = json_parse(slice_str(line), 4);
    bool ok = json_num(o, "round_trips_per_s", 0) > 0;

    ret->connects_per_s = json_num(o, "connects_per_s", 0);
    ret->round_trips_per_s = json_num(o, "round_trips_per_s", 0);
    ret->cpu_us_per_connect = json_num(o, "cpu_us_per_connect", 0);
    ret->cpu_us_per_round_trip = json_num(o, "cpu_us_per_round_trip", 0);
    ret->kb_per_connection = json_num(o, "kb_per_connection", 0);
    ret->kb_after = json_num(o, "kb_per_connection_after", 0);
    cJSON_Delete(o);
    return ok;
}

static bool mqttjs_run(struct bench *b, struct error *err)
{
    char line[1024] = "";
    char *command =
        xasprintf("exec node '%s/mqttjs.js' '%s' '%s' %u %u %g", BENCH_PEERS_DIR, b->fleet->dir,
                  pki_path(b->fleet->pki, PKI_FILE_CA), b->port, b->vehicles, b->seconds);
    FILE *out = popen(command, "r"); // NOLINT(cert-env33-c): our own script
    free(command);
    bool ok = out != NULL && fgets(line, sizeof line, out) != NULL;
    if (out != NULL)
        pclose(out);
    if (ok && take_results(line, &b->result))
        return true;
    return error_set(err, ERROR_TARGET,
                     "no results (it needs node, and the package mqtt where NODE_PATH says; "
                     "tests/bench/run_benchmarks.sh --help)");
}

const struct bench_engine bench_mqttjs = {.name = "mqttjs", .run = mqttjs_run};
