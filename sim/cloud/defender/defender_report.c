#include "cloud/defender/defender_report.h"

#include <arpa/inet.h>
#include <math.h>
#include <string.h>

#include "base/json.h"

#define NO_MEMORY "no memory"

/* ORDER REPORT_NAME */
enum report_name {
    HEADER,
    REPORT_ID,
    VERSION,
    METRICS,
    CUSTOM_METRICS,
    TCP_PORTS,
    UDP_PORTS,
    PORTS,
    PORT,
    TOTAL,
    NETWORK_STATS,
    BYTES_IN,
    BYTES_OUT,
    PACKETS_IN,
    PACKETS_OUT,
    TCP_CONNECTIONS,
    ESTABLISHED,
    CONNECTIONS,
    REMOTE_ADDRESS,
    NAME_COUNT
};

static const char *const names[NAME_COUNT][2] = {
    {"header",                  "hed" },
    {"report_id",               "rid" },
    {"version",                 "v"   },
    {"metrics",                 "met" },
    {"custom_metrics",          "cmet"},
    {"listening_tcp_ports",     "tp"  },
    {"listening_udp_ports",     "up"  },
    {"ports",                   "pts" },
    {"port",                    "pt"  },
    {"total",                   "t"   },
    {"network_stats",           "ns"  },
    {"bytes_in",                "bi"  },
    {"bytes_out",               "bo"  },
    {"packets_in",              "pi"  },
    {"packets_out",             "po"  },
    {"tcp_connections",         "tc"  },
    {"established_connections", "ec"  },
    {"connections",             "cs"  },
    {"remote_addr",             "rad" },
};

struct reader {
    int style; /* 0: long names, 1: short ones */
    cJSON *values;
    const char *problem; /* the first */
};

static void complain(struct reader *r, const char *problem)
{
    if (r->problem == NULL)
        r->problem = problem;
}

static const cJSON *get(struct reader *r, const cJSON *object, enum report_name name)
{
    if (json_get(object, names[name][1 - r->style]) != NULL)
        complain(r, "long and short names are mixed");
    return json_get(object, names[name][r->style]);
}

static bool is_whole(const cJSON *item, double max)
{
    return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble <= max &&
           floor(item->valuedouble) == item->valuedouble;
}

/* Keeps a value, which is the reader's from then on. */
static void keep(struct reader *r, const char *metric, cJSON *value)
{
    if (value != NULL && cJSON_AddItemToObject(r->values, metric, value))
        return;
    cJSON_Delete(value);
    complain(r, NO_MEMORY);
}

static void keep_number(struct reader *r, const char *metric, const cJSON *number)
{
    keep(r, metric, cJSON_CreateNumber(number->valuedouble));
}

static void add(struct reader *r, cJSON *list, cJSON *item)
{
    if (item != NULL && cJSON_AddItemToArray(list, item))
        return;
    cJSON_Delete(item);
    complain(r, NO_MEMORY);
}

/* {"ports":[{"interface":"eth0","port":22}],"total":1} */
static void read_ports(struct reader *r, const cJSON *metrics, enum report_name name,
                       const char *const metric[2])
{
    const cJSON *block = get(r, metrics, name), *entry;
    const cJSON *ports = get(r, block, PORTS), *total = get(r, block, TOTAL);

    if (block == NULL)
        return;
    cJSON *list = cJSON_CreateArray();
    if (!is_whole(total, 65536) || (ports != NULL && !cJSON_IsArray(ports)))
        complain(r, "listening ports: an object with a list of ports and their total number");
    cJSON_ArrayForEach(entry, ports)
    {
        const cJSON *port = get(r, entry, PORT);
        if (is_whole(port, 65535))
            add(r, list, cJSON_CreateNumber(port->valuedouble));
        else
            complain(r, "listening ports: each has a port, from 0 to 65535");
    }
    keep(r, metric[0], list);
    if (r->problem == NULL)
        keep_number(r, metric[1], total);
}

static void read_network(struct reader *r, const cJSON *metrics)
{
    static const struct {
        enum report_name name;
        const char *metric;
    } counts[] = {
        {BYTES_IN,    "aws:all-bytes-in"   },
        {BYTES_OUT,   "aws:all-bytes-out"  },
        {PACKETS_IN,  "aws:all-packets-in" },
        {PACKETS_OUT, "aws:all-packets-out"},
    };
    const cJSON *block = get(r, metrics, NETWORK_STATS);

    for (size_t i = 0; block != NULL && i < sizeof counts / sizeof *counts; i++) {
        const cJSON *count = get(r, block, counts[i].name);
        if (is_whole(count, 9e15))
            keep_number(r, counts[i].metric, count);
        else if (count != NULL || !cJSON_IsObject(block))
            complain(r, "network statistics: an object of whole numbers");
    }
}

/* "192.0.2.1:8883" or "[2001:db8::1]:8883"; the address alone. */
static bool read_address(const cJSON *item, char ret[INET6_ADDRSTRLEN])
{
    const char *text = cJSON_IsString(item) ? item->valuestring : "";
    const char *end = strrchr(text, ':');
    bool is_6 = *text == '[';
    unsigned char raw[sizeof(struct in6_addr)];

    if (is_6 && end != NULL && end[-1] == ']') {
        text++;
        end--;
    }
    if (end == NULL || end <= text || end - text >= INET6_ADDRSTRLEN)
        return false;
    memcpy(ret, text, (size_t)(end - text));
    ret[end - text] = '\0';
    return inet_pton(is_6 ? AF_INET6 : AF_INET, ret, raw) == 1;
}

static void read_connections(struct reader *r, const cJSON *metrics)
{
    const cJSON *block = get(r, metrics, TCP_CONNECTIONS);
    const cJSON *established = get(r, block, ESTABLISHED), *entry;
    const cJSON *connections = get(r, established, CONNECTIONS);
    const cJSON *total = get(r, established, TOTAL);
    char address[INET6_ADDRSTRLEN];

    if (block == NULL)
        return;
    cJSON *list = cJSON_CreateArray();
    if (!is_whole(total, 9e15) || (connections != NULL && !cJSON_IsArray(connections)))
        complain(r, "TCP connections: an object with the established ones and their total number");
    cJSON_ArrayForEach(entry, connections)
    {
        if (read_address(get(r, entry, REMOTE_ADDRESS), address))
            add(r, list, cJSON_CreateString(address));
        else
            complain(r, "TCP connections: each has a remote address, as 192.0.2.1:8883");
    }
    keep(r, "aws:destination-ip-addresses", list);
    if (r->problem == NULL)
        keep_number(r, "aws:num-established-tcp-connections", total);
}

static bool is_list_of(const cJSON *list, bool (*fits)(const cJSON *item))
{
    const cJSON *item;

    if (!cJSON_IsArray(list))
        return false;
    cJSON_ArrayForEach(item, list)
    {
        if (!fits(item))
            return false;
    }
    return true;
}

static bool is_number(const cJSON *item)
{
    return cJSON_IsNumber(item);
}

static bool is_text(const cJSON *item)
{
    return cJSON_IsString(item);
}

static bool is_address(const cJSON *item)
{
    unsigned char raw[sizeof(struct in6_addr)];

    return cJSON_IsString(item) && (inet_pton(AF_INET, item->valuestring, raw) == 1 ||
                                    inet_pton(AF_INET6, item->valuestring, raw) == 1);
}

/* {"number":12.4}, {"number_list":[…]}, {"string_list":[…]} or {"ip_list":[…]} */
static bool is_custom(const cJSON *object)
{
    const cJSON *value = cJSON_IsObject(object) ? object->child : NULL;

    if (value == NULL || value->next != NULL)
        return false;
    if (strcmp(value->string, "number") == 0)
        return cJSON_IsNumber(value);
    if (strcmp(value->string, "number_list") == 0)
        return is_list_of(value, is_number);
    if (strcmp(value->string, "string_list") == 0)
        return is_list_of(value, is_text);
    return strcmp(value->string, "ip_list") == 0 && is_list_of(value, is_address);
}

/* As AWS takes them: none is one of its own, "aws:…". */
static bool is_name(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= 128 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len;
}

static void read_custom(struct reader *r, const cJSON *custom)
{
    const cJSON *metric;

    if (custom != NULL && !cJSON_IsObject(custom))
        complain(r, "custom metrics: an object");
    cJSON_ArrayForEach(metric, custom)
    {
        if (!is_name(metric->string))
            complain(r, "custom metrics: names have 1 to 128 of A-Z a-z 0-9 _ -");
        else if (cJSON_IsArray(metric) && cJSON_GetArraySize(metric) == 1 &&
                 is_custom(metric->child))
            keep(r, metric->string, cJSON_Duplicate(metric->child->child, 1));
        else
            complain(r, "custom metrics: each is a list of one object, which has a number, a "
                        "number_list, a string_list or an ip_list");
    }
}

/* "1.0" */
static bool is_version(const cJSON *item)
{
    const char *text = cJSON_IsString(item) ? item->valuestring : "";
    size_t major = strspn(text, "0123456789");
    size_t minor = text[major] == '.' ? strspn(text + major + 1, "0123456789") : 0;

    return major != 0 && minor != 0 && text[major + 1 + minor] == '\0';
}

static void read_header(struct reader *r, const cJSON *document, struct defender_report *ret)
{
    const cJSON *header = get(r, document, HEADER);
    const cJSON *id = get(r, header, REPORT_ID);

    if (is_whole(id, 9e15) && id->valuedouble > 0)
        ret->id = (uint64_t)id->valuedouble;
    else
        complain(r, "header: the report's id is no whole number above 0");
    if (!is_version(get(r, header, VERSION)))
        complain(r, "header: the version is none, as \"1.0\"");
}

const char *defender_report_read(const cJSON *document, struct defender_report *ret)
{
    static const char *const tcp[2] = {"aws:listening-tcp-ports", "aws:num-listening-tcp-ports"};
    static const char *const udp[2] = {"aws:listening-udp-ports", "aws:num-listening-udp-ports"};
    struct reader r = {.style = json_get(document, names[HEADER][1]) != NULL};

    *ret = (struct defender_report){.values = cJSON_CreateObject()};
    r.values = ret->values;
    if (r.values == NULL)
        return NO_MEMORY;
    if (!cJSON_IsObject(document))
        return "the report is no object";
    read_header(&r, document, ret);
    const cJSON *metrics = get(&r, document, METRICS);
    const cJSON *custom = get(&r, document, CUSTOM_METRICS);
    if (metrics == NULL && custom == NULL)
        complain(&r, "neither metrics nor custom metrics");
    if (metrics != NULL && !cJSON_IsObject(metrics))
        complain(&r, "metrics: an object");
    read_ports(&r, metrics, TCP_PORTS, tcp);
    read_ports(&r, metrics, UDP_PORTS, udp);
    read_network(&r, metrics);
    read_connections(&r, metrics);
    read_custom(&r, custom);
    return r.problem;
}

void defender_report_done(struct defender_report *report)
{
    cJSON_Delete(report->values);
    report->values = NULL;
}
