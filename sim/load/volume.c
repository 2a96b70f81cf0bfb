#include "load/volume.h"

#include "metrics/recorder.h"

#define MONTH_S (30.0 * 86400)

void load_volume_take(const struct recorder *rec, struct load_volume *ret)
{
    *ret = (struct load_volume){
        .sent = recorder_counter(rec, "bytes.sent"),
        .received = recorder_counter(rec, "bytes.received"),
        .wire_sent = recorder_counter(rec, "wire.sent"),
        .wire_received = recorder_counter(rec, "wire.received"),
        .packets = recorder_counter(rec, "wire.packets"),
        .headers = recorder_counter(rec, "wire.headers"),
        .handshakes = recorder_counter(rec, "wire.handshakes"),
        .handshake_bytes = recorder_counter(rec, "wire.handshake_bytes"),
    };
}

void load_volume_json(const struct load_volume *v, double seconds, double cars, cJSON *load)
{
    cJSON *data = cJSON_AddObjectToObject(load, "data");
    double sent = (double)v->sent / seconds, received = (double)v->received / seconds;
    double all = sent + received;

    cJSON_AddNumberToObject(data, "sent_bytes_per_s", sent);
    cJSON_AddNumberToObject(data, "received_bytes_per_s", received);
    if (v->packets > 0) {
        double wire_sent = (double)v->wire_sent / seconds;
        double wire_received = (double)v->wire_received / seconds;
        double headers = (double)v->headers / seconds;
        cJSON_AddNumberToObject(data, "wire_sent_bytes_per_s", wire_sent);
        cJSON_AddNumberToObject(data, "wire_received_bytes_per_s", wire_received);
        cJSON_AddNumberToObject(data, "packets_per_s", (double)v->packets / seconds);
        cJSON_AddNumberToObject(data, "header_bytes_per_s", headers);
        all = wire_sent + wire_received + headers;
    }
    if (v->handshakes > 0)
        cJSON_AddNumberToObject(data, "bytes_per_handshake",
                                (double)v->handshake_bytes / (double)v->handshakes);
    cJSON_AddNumberToObject(data, "bytes_per_vehicle_month", all / cars * MONTH_S);
}
