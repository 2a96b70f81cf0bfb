/* What a load took: data over the air, and processors and memory here. */
#include "base/json.h"
#include "report/numbers.h"
#include "report/sections.h"

static void put_bytes(struct buf *out, double bytes)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    size_t i = 0;

    for (; bytes >= 1000 && i + 1 < sizeof units / sizeof *units; i++)
        bytes /= 1000;
    buf_printf(out, "%.*f %s", bytes >= 100 || i == 0 ? 0 : 1, bytes, units[i]);
}

static void open_row(struct buf *out, const char *name)
{
    buf_printf(out, "<tr><th>%s</th>", name);
}

static void close_row(struct buf *out, const char *note)
{
    buf_printf(out, "<td class=\"note\">%s</td></tr>\n", note);
}

static void put_cell(struct buf *out, double bytes, const char *unit)
{
    buf_append_str(out, "<td class=\"n\">");
    if (bytes > 0) {
        put_bytes(out, bytes);
        buf_append_str(out, unit);
    }
    buf_append_str(out, "</td>");
}

static void put_group(struct buf *out, const char *title, const char *first, const char *second)
{
    buf_printf(out,
               "<tr class=\"group\"><th>%s</th><th class=\"n\">%s</th><th class=\"n\">%s</th>"
               "<th></th></tr>\n",
               title, first, second);
}

static void write_wire(const cJSON *data, struct buf *out)
{
    double up = json_num(data, "wire_sent_bytes_per_s", 0);
    double down = json_num(data, "wire_received_bytes_per_s", 0);

    open_row(out, "over TCP");
    put_cell(out, up, "/s");
    put_cell(out, down, "/s");
    close_row(out, "as the kernel counts: with TLS, its handshakes, and what was sent again");
    open_row(out, "with headers");
    buf_append_str(out, "<td class=\"n\" colspan=\"2\">");
    put_bytes(out, up + down + json_num(data, "header_bytes_per_s", 0));
    buf_append_str(out, "/s</td><td class=\"note\">of TCP and IP, both ways: ");
    number_write(out, json_num(data, "packets_per_s", 0));
    buf_append_str(out, " packets/s</td></tr>\n");
}

static void write_data(const cJSON *data, struct buf *out)
{
    bool wire = json_num(data, "packets_per_s", 0) > 0;

    put_group(out, "Data of all cars", "from cars", "to cars");
    open_row(out, "MQTT packets");
    put_cell(out, json_num(data, "sent_bytes_per_s", 0), "/s");
    put_cell(out, json_num(data, "received_bytes_per_s", 0), "/s");
    close_row(out, "before TLS");
    if (wire)
        write_wire(data, out);
    open_row(out, "per car and month");
    buf_append_str(out, "<td class=\"n\" colspan=\"2\"><b>");
    put_bytes(out, json_num(data, "bytes_per_vehicle_month", 0));
    buf_append_str(out, "</b></td>");
    close_row(out, wire ? "30 days like this, as a data plan counts: with headers"
                        : "30 days like this, without TLS and headers");
    if (json_num(data, "bytes_per_handshake", 0) <= 0)
        return;
    open_row(out, "a TLS handshake");
    buf_append_str(out, "<td class=\"n\" colspan=\"2\">");
    put_bytes(out, json_num(data, "bytes_per_handshake", 0));
    buf_append_str(out, "</td>");
    close_row(out, "both ways, on average of the whole run");
}

static void write_process(const char *name, const cJSON *process, const char *note, struct buf *out)
{
    if (process == NULL)
        return;
    open_row(out, name);
    buf_printf(out, "<td class=\"n\">%.2f</td>", json_num(process, "cores", 0));
    put_cell(out, json_num(process, "memory_bytes", 0), "");
    close_row(out, note);
}

static void write_machine(const cJSON *load, struct buf *out)
{
    const cJSON *own = json_get(load, "simulator"), *broker = json_get(load, "broker");

    put_group(out, "Here", "cores", "memory");
    write_process("simulator", own, "cars and apps", out);
    write_process("broker", broker, "of the local cloud, on the same machine", out);
    if (json_num(own, "machine_cores", 0) <= 0)
        return;
    open_row(out, "whole machine");
    buf_printf(out, "<td class=\"n\">%.2f</td><td class=\"n\"></td>",
               json_num(own, "machine_cores", 0));
    buf_printf(out,
               "<td class=\"note\">of %.0f were busy, with whatever else runs there</td></tr>\n",
               json_num(own, "processors", 0));
}

void section_cost(const struct report *r, struct buf *out)
{
    const cJSON *load = json_get(r->summary, "load"), *data = json_get(load, "data");

    if (json_num(data, "bytes_per_vehicle_month", 0) <= 0)
        return;
    buf_append_str(out, "<section id=\"cost\">\n<h2>What it took</h2>\n<div class=\"wide\"><table "
                        "class=\"numbers\">\n");
    write_data(data, out);
    write_machine(load, out);
    buf_append_str(out, "</table></div>\n</section>\n");
}
