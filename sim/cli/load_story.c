#include "cli/load_story.h"

#include "base/json.h"

static void tell_arrivals(const cJSON *json, struct buf *out)
{
    const cJSON *a;

    cJSON_ArrayForEach(a, json_get(json, "arrivals"))
    {
        buf_printf(
            out, "  %-10s %s, at last %.4g/s: %.0f were due, %.0f sent, %.0f begun late by us\n",
            json_str(a, "what", ""), json_str(a, "pattern", ""), json_num(a, "rate_per_s", 0),
            json_num(a, "intended", 0), json_num(a, "sent", 0), json_num(a, "late", 0));
    }
}

static void tell_data(const cJSON *data, struct buf *out)
{
    double wire_up = json_num(data, "wire_sent_bytes_per_s", 0) / 1e3;
    double wire_down = json_num(data, "wire_received_bytes_per_s", 0) / 1e3;
    double headers = json_num(data, "header_bytes_per_s", 0) / 1e3;
    double handshake = json_num(data, "bytes_per_handshake", 0) / 1e3;
    double month = json_num(data, "bytes_per_vehicle_month", 0) / 1e6;

    buf_printf(out, "  %-10s MQTT %.1f KB/s up, %.1f KB/s down", "data",
               json_num(data, "sent_bytes_per_s", 0) / 1e3,
               json_num(data, "received_bytes_per_s", 0) / 1e3);
    if (headers > 0)
        buf_printf(out, "; with TLS %.1f and %.1f; with headers %.1f KB/s both ways", wire_up,
                   wire_down, wire_up + wire_down + headers);
    buf_printf(out, ": %.4g MB per car and month%s\n", month,
               headers > 0 ? "" : ", without TLS and headers");
    if (handshake > 0)
        buf_printf(out, "  %-10s a TLS handshake took %.1f KB\n", "", handshake);
}

static void tell_cost(const cJSON *json, struct buf *out)
{
    const cJSON *data = json_get(json, "data");
    const cJSON *self = json_get(json, "simulator"), *broker = json_get(json, "broker");

    if (data == NULL) /* nothing was measured */
        return;
    tell_data(data, out);
    buf_printf(out, "  %-10s %.2f cores, %.0f MB of memory\n", "simulator",
               json_num(self, "cores", 0), json_num(self, "memory_bytes", 0) / 1e6);
    if (broker != NULL)
        buf_printf(out, "  %-10s %.2f cores, %.0f MB of memory, on this machine as well\n",
                   "broker", json_num(broker, "cores", 0),
                   json_num(broker, "memory_bytes", 0) / 1e6);
    if (json_num(self, "machine_cores", 0) > 0)
        buf_printf(out, "  %-10s %.2f of %.0f cores were busy, with whatever runs here\n",
                   "machine", json_num(self, "machine_cores", 0), json_num(self, "processors", 0));
}

void load_story_write(const cJSON *load, double planned_s, struct buf *out)
{
    double measured = json_num(load, "measured_s", 0);
    const cJSON *reasons = json_get(load, "invalid"), *reason;

    buf_printf(out, "load: %.0f cars, measured for %.1f s", json_num(load, "vehicles", 0),
               measured);
    if (measured < planned_s - 1)
        buf_printf(out, " of %.0f s: it was ended early", planned_s);
    buf_append_str(out, "\n");
    tell_arrivals(load, out);
    tell_cost(load, out);
    cJSON_ArrayForEach(reason, reasons)
    {
        if (cJSON_IsString(reason))
            buf_printf(out, "INVALID: %s\n", reason->valuestring);
    }
    if (cJSON_GetArraySize(reasons) == 0)
        buf_append_str(out, "valid: the simulator kept up\n");
}
