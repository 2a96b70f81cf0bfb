#include "fleetwise/codec.h"

#include <math.h>
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fleetwise.pb-c.h"

#define DEPTH_MAX    32
#define MESSAGES_MAX 20000  /* of all depths: a few bytes of each grow to a tree of hundreds */
#define FIELDS_MAX   100000 /* as are numbers in a list */
#define WHOLE_MAX    9007199254740992.0 /* 2^53: what numbers of JSON keep */

static const ProtobufCMessageDescriptor *const messages[] = {
    &fleetwise__checkin__descriptor,
    &fleetwise__vehicle_data__descriptor,
    &fleetwise__decoder_manifest__descriptor,
    &fleetwise__collection_schemes__descriptor,
    &fleetwise__command_request__descriptor,
    &fleetwise__command_response__descriptor,
    &fleetwise__state_templates__descriptor,
    &fleetwise__last_known_state_data__descriptor,
    NULL,
};

static const ProtobufCMessageDescriptor *find(const char *name)
{
    const ProtobufCMessageDescriptor *const *m = messages;

    while (*m != NULL && strcmp((*m)->short_name, name) != 0)
        m++;
    return *m;
}

/* ---- how much there is: protobuf-c recurses and allocates without a limit ---- */

static bool take_varint(struct slice *s, uint64_t *ret)
{
    *ret = 0;
    for (unsigned shift = 0; shift < 64 && s->len > 0; shift += 7) {
        uint8_t byte = s->data[0];
        *s = slice_of(s->data + 1, s->len - 1);
        *ret |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0)
            return true;
    }
    return false;
}

/* One field's value; `ret` is what a length-delimited one holds. */
static bool take_value(struct slice *s, unsigned wire_type, struct slice *ret)
{
    uint64_t n = 0;

    *ret = slice_of(NULL, 0);
    switch (wire_type) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        return take_varint(s, &n);
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        n = 8;
        break;
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        n = 4;
        break;
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        if (!take_varint(s, &n))
            return false;
        break;
    default:
        return false;
    }
    if (n > s->len)
        return false;
    if (wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
        *ret = slice_of(s->data, (size_t)n);
    *s = slice_of(s->data + n, s->len - (size_t)n);
    return true;
}

struct walk {
    size_t messages, fields; /* that may come yet */
};

static bool take_from(size_t *left, size_t count)
{
    if (count > *left)
        return false;
    *left -= count;
    return true;
}

static bool take_field(struct slice *s, unsigned *ret_id, unsigned *ret_wire_type,
                       struct slice *ret)
{
    uint64_t tag;

    if (!take_varint(s, &tag) || tag >> 3 > UINT32_MAX)
        return false;
    *ret_id = (unsigned)(tag >> 3);
    *ret_wire_type = tag & 7;
    return take_value(s, *ret_wire_type, ret);
}

/* Texts of proto3 are UTF-8: a message with another is none, as for the edge agent. */
static bool is_moderate(const ProtobufCMessageDescriptor *message, struct slice bytes, int depth,
                        struct walk *walk)
{
    while (bytes.len > 0) {
        struct slice value;
        unsigned id, wire_type;
        if (!take_field(&bytes, &id, &wire_type, &value) || !take_from(&walk->fields, 1))
            return false;
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(message, id);
        if (field == NULL || value.data == NULL)
            continue;
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            if (depth == 0 || !take_from(&walk->messages, 1) ||
                !is_moderate(field->descriptor, value, depth - 1, walk))
                return false;
        } else if (field->type == PROTOBUF_C_TYPE_STRING) {
            if (!json_is_utf8(value))
                return false;
        } else if (field->label == PROTOBUF_C_LABEL_REPEATED &&
                   !take_from(&walk->fields, value.len)) {
            return false;
        }
    }
    return true;
}

bool fleetwise_find_text(const char *name, const char *member, struct slice bytes,
                         struct slice *ret)
{
    const ProtobufCMessageDescriptor *d = find(name);
    const ProtobufCFieldDescriptor *field =
        d != NULL ? protobuf_c_message_descriptor_get_field_by_name(d, member) : NULL;
    struct slice value;
    unsigned id, wire_type;

    *ret = slice_of(NULL, 0);
    while (field != NULL && bytes.len > 0) {
        if (!take_field(&bytes, &id, &wire_type, &value))
            return false;
        if (id == field->id)
            *ret = value;
    }
    return ret->data != NULL;
}

/* ---- one value of each type that fleetwise.proto has ---- */

static cJSON *message_to_json(const ProtobufCMessage *message);
static ProtobufCMessage *message_from_json(const ProtobufCMessageDescriptor *d, const cJSON *object,
                                           struct error *err);

static bool misfit(const ProtobufCFieldDescriptor *field, const char *wanted, struct error *err)
{
    return error_set(err, ERROR_USAGE, "%s: %s", field->name, wanted);
}

static bool is_whole(const ProtobufCFieldDescriptor *field, const cJSON *value, double low,
                     double high, struct error *err)
{
    return (cJSON_IsNumber(value) && value->valuedouble >= low && value->valuedouble <= high &&
            floor(value->valuedouble) == value->valuedouble) ||
           misfit(field, "not a whole number that fits", err);
}

static cJSON *show_uint32(const ProtobufCFieldDescriptor *field, const void *at)
{
    (void)field;
    return cJSON_CreateNumber(*(const uint32_t *)at);
}

static bool read_uint32(const ProtobufCFieldDescriptor *field, const cJSON *value, void *at,
                        struct error *err)
{
    if (!is_whole(field, value, 0, UINT32_MAX, err))
        return false;
    *(uint32_t *)at = (uint32_t)value->valuedouble;
    return true;
}

static cJSON *show_sint32(const ProtobufCFieldDescriptor *field, const void *at)
{
    (void)field;
    return cJSON_CreateNumber(*(const int32_t *)at);
}

static bool read_sint32(const ProtobufCFieldDescriptor *field, const cJSON *value, void *at,
                        struct error *err)
{
    if (!is_whole(field, value, INT32_MIN, INT32_MAX, err))
        return false;
    *(int32_t *)at = (int32_t)value->valuedouble;
    return true;
}

static cJSON *show_uint64(const ProtobufCFieldDescriptor *field, const void *at)
{
    (void)field;
    return cJSON_CreateNumber((double)*(const uint64_t *)at);
}

static bool read_uint64(const ProtobufCFieldDescriptor *field, const cJSON *value, void *at,
                        struct error *err)
{
    if (!is_whole(field, value, 0, WHOLE_MAX, err))
        return false;
    *(uint64_t *)at = (uint64_t)value->valuedouble;
    return true;
}

static cJSON *show_sint64(const ProtobufCFieldDescriptor *field, const void *at)
{
    (void)field;
    return cJSON_CreateNumber((double)*(const int64_t *)at);
}

static bool read_sint64(const ProtobufCFieldDescriptor *field, const cJSON *value, void *at,
                        struct error *err)
{
    if (!is_whole(field, value, -WHOLE_MAX, WHOLE_MAX, err))
        return false;
    *(int64_t *)at = (int64_t)value->valuedouble;
    return true;
}

static cJSON *show_double(const ProtobufCFieldDescriptor *field, const void *at)
{
    double number = *(const double *)at;

    (void)field;
    return isfinite(number) ? cJSON_CreateNumber(number) : cJSON_CreateNull();
}

static bool read_double(const ProtobufCFieldDescriptor *field, const cJSON *value, void *at,
                        struct error *err)
{
    if (!cJSON_IsNumber(value))
        return misfit(field, "not a number", err);
    *(double *)at = value->valuedouble;
    return true;
}

static cJSON *show_float(const ProtobufCFieldDescriptor *field, const void *at)
{
    float number = *(const float *)at;

    (void)field;
    return isfinite(number) ? cJSON_CreateNumber((double)number) : cJSON_CreateNull();
}

static bool read_float(const ProtobufCFieldDescriptor *field, const cJSON *value, void *at,
                       struct error *err)
{
    if (!cJSON_IsNumber(value) || !isfinite((float)value->valuedouble))
        return misfit(field, "not a number that fits", err);
    *(float *)at = (float)value->valuedouble;
    return true;
}

static cJSON *show_bool(const ProtobufCFieldDescriptor *field, const void *at)
{
    (void)field;
    return cJSON_CreateBool(*(const protobuf_c_boolean *)at);
}

static bool read_bool(const ProtobufCFieldDescriptor *field, const cJSON *value, void *at,
                      struct error *err)
{
    if (!cJSON_IsBool(value))
        return misfit(field, "neither true nor false", err);
    *(protobuf_c_boolean *)at = cJSON_IsTrue(value);
    return true;
}

static cJSON *show_enum(const ProtobufCFieldDescriptor *field, const void *at)
{
    int32_t value = *(const int32_t *)at;
    const ProtobufCEnumValue *known =
        protobuf_c_enum_descriptor_get_value(field->descriptor, value);

    return known != NULL ? cJSON_CreateString(known->name) : cJSON_CreateNumber(value);
}

static bool read_enum(const ProtobufCFieldDescriptor *field, const cJSON *value, void *at,
                      struct error *err)
{
    const ProtobufCEnumValue *known = NULL;

    if (cJSON_IsString(value))
        known = protobuf_c_enum_descriptor_get_value_by_name(field->descriptor, value->valuestring);
    else if (cJSON_IsNumber(value))
        known = protobuf_c_enum_descriptor_get_value(field->descriptor, value->valueint);
    if (known == NULL)
        return misfit(field, "none of its values", err);
    *(int32_t *)at = known->value;
    return true;
}

static cJSON *show_string(const ProtobufCFieldDescriptor *field, const void *at)
{
    const char *text = *(char *const *)at;

    (void)field;
    return cJSON_CreateString(text);
}

static bool read_string(const ProtobufCFieldDescriptor *field, const cJSON *value, void *at,
                        struct error *err)
{
    if (!cJSON_IsString(value) || !json_is_utf8(slice_str(value->valuestring)))
        return misfit(field, "not a text", err);
    *(char **)at = strdup(value->valuestring);
    return *(char **)at != NULL || misfit(field, "no memory", err);
}

static cJSON *show_bytes(const ProtobufCFieldDescriptor *field, const void *at)
{
    const ProtobufCBinaryData *bytes = at;
    char *hex = malloc(2 * bytes->len + 1);

    (void)field;
    if (hex == NULL)
        return NULL;
    hex[0] = '\0';
    for (size_t i = 0; i < bytes->len; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes->data[i]);
    cJSON *text = cJSON_CreateString(hex);
    free(hex);
    return text;
}

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

    return found != NULL ? (int)(found - digits) : -1;
}

static bool read_bytes(const ProtobufCFieldDescriptor *field, const cJSON *value, void *at,
                       struct error *err)
{
    ProtobufCBinaryData *bytes = at;
    const char *hex = cJSON_IsString(value) ? value->valuestring : "?";
    size_t digits = strlen(hex);

    for (size_t i = 0; i < digits; i++)
        if (digits % 2 != 0 || digit_of(hex[i]) < 0)
            return misfit(field, "not bytes as hexadecimal digits", err);
    bytes->data = malloc(digits / 2 + 1);
    if (bytes->data == NULL)
        return misfit(field, "no memory", err);
    bytes->len = digits / 2;
    for (size_t i = 0; i < bytes->len; i++)
        bytes->data[i] = (uint8_t)(digit_of(hex[2 * i]) * 16 + digit_of(hex[2 * i + 1]));
    return true;
}

static cJSON *show_message(const ProtobufCFieldDescriptor *field, const void *at)
{
    (void)field;
    return message_to_json(*(ProtobufCMessage *const *)at);
}

static bool read_message(const ProtobufCFieldDescriptor *field, const cJSON *value, void *at,
                         struct error *err)
{
    ProtobufCMessage *message = message_from_json(field->descriptor, value, err);

    if (message == NULL)
        return error_prefix(err, "%s", field->name);
    *(ProtobufCMessage **)at = message;
    return true;
}

static const struct kind {
    size_t size; /* 0: fleetwise.proto has none */
    cJSON *(*show)(const ProtobufCFieldDescriptor *field, const void *at);
    bool (*read)(const ProtobufCFieldDescriptor *field, const cJSON *value, void *at,
                 struct error *err);
} kinds[] = {
    [PROTOBUF_C_TYPE_UINT32] = {sizeof(uint32_t),            show_uint32,  read_uint32 },
    [PROTOBUF_C_TYPE_SINT32] = {sizeof(int32_t),             show_sint32,  read_sint32 },
    [PROTOBUF_C_TYPE_FLOAT] = {sizeof(float),               show_float,   read_float  },
    [PROTOBUF_C_TYPE_UINT64] = {sizeof(uint64_t),            show_uint64,  read_uint64 },
    [PROTOBUF_C_TYPE_SINT64] = {sizeof(int64_t),             show_sint64,  read_sint64 },
    [PROTOBUF_C_TYPE_DOUBLE] = {sizeof(double),              show_double,  read_double },
    [PROTOBUF_C_TYPE_BOOL] = {sizeof(protobuf_c_boolean),  show_bool,    read_bool   },
    [PROTOBUF_C_TYPE_ENUM] = {sizeof(int32_t),             show_enum,    read_enum   },
    [PROTOBUF_C_TYPE_STRING] = {sizeof(char *),              show_string,  read_string },
    [PROTOBUF_C_TYPE_BYTES] = {sizeof(ProtobufCBinaryData), show_bytes,   read_bytes  },
    [PROTOBUF_C_TYPE_MESSAGE] = {sizeof(void *),              show_message, read_message},
};

/* ---- to JSON ---- */

static bool is_oneof(const ProtobufCFieldDescriptor *field)
{
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

/* Is it there at all? Scalars of proto3 are always. */
static bool is_set(const ProtobufCFieldDescriptor *field, const void *message)
{
    const char *base = message;

    if (is_oneof(field))
        return *(const uint32_t *)(const void *)(base + field->quantifier_offset) == field->id;
    return field->type != PROTOBUF_C_TYPE_MESSAGE ||
           *(void *const *)(const void *)(base + field->offset) != NULL;
}

static cJSON *field_to_json(const ProtobufCFieldDescriptor *field, const void *message)
{
    const char *base = message;
    const void *at = base + field->offset;

    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return kinds[field->type].show(field, at);
    size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
    const char *items = *(char *const *)at;
    size_t size = kinds[field->type].size;
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        cJSON *item = kinds[field->type].show(field, items + i * size);
        if (item == NULL || !cJSON_AddItemToArray(list, item)) {
            cJSON_Delete(item);
            cJSON_Delete(list);
            return NULL;
        }
    }
    return list;
}

static cJSON *message_to_json(const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *d = message->descriptor;
    cJSON *object = cJSON_CreateObject();

    for (unsigned i = 0; i < d->n_fields && object != NULL; i++) {
        const ProtobufCFieldDescriptor *field = &d->fields[i];
        if (field->label != PROTOBUF_C_LABEL_REPEATED && !is_set(field, message))
            continue;
        cJSON *value = field_to_json(field, message);
        if (value == NULL || !cJSON_AddItemToObject(object, field->name, value)) {
            cJSON_Delete(value);
            cJSON_Delete(object);
            return NULL;
        }
    }
    return object;
}

cJSON *fleetwise_decode(const char *name, struct slice bytes)
{
    const ProtobufCMessageDescriptor *d = find(name);
    struct walk walk = {.messages = MESSAGES_MAX, .fields = FIELDS_MAX};
    ProtobufCMessage *message = d != NULL && is_moderate(d, bytes, DEPTH_MAX, &walk)
                                    ? protobuf_c_message_unpack(d, NULL, bytes.len, bytes.data)
                                    : NULL;

    if (message == NULL)
        return NULL;
    cJSON *object = message_to_json(message);
    protobuf_c_message_free_unpacked(message, NULL);
    return object;
}

/* ---- from JSON ---- */

static bool list_from_json(const ProtobufCFieldDescriptor *field, const cJSON *list, char *base,
                           struct error *err)
{
    size_t *count = (size_t *)(void *)(base + field->quantifier_offset);
    bool is_empty_table = cJSON_IsObject(list) && list->child == NULL;
    const cJSON *item;

    if (!cJSON_IsArray(list) && !is_empty_table)
        return misfit(field, "not a list", err);
    const struct kind *kind = &kinds[field->type];
    size_t size = (size_t)cJSON_GetArraySize(list);
    if (size == 0)
        return true;
    char *items = calloc(size, kind->size);
    if (items == NULL)
        return misfit(field, "no memory", err);
    *(char **)(void *)(base + field->offset) = items;
    cJSON_ArrayForEach(item, list)
    {
        if (!kind->read(field, item, items + *count * kind->size, err))
            return false;
        ++*count;
    }
    return true;
}

static bool field_from_json(const ProtobufCFieldDescriptor *field, const cJSON *value,
                            ProtobufCMessage *message, struct error *err)
{
    char *base = (char *)message;

    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return list_from_json(field, value, base, err);
    if (is_oneof(field)) {
        uint32_t *which = (uint32_t *)(void *)(base + field->quantifier_offset);
        if (*which != 0)
            return misfit(field, "only one of its kind can be given", err);
        if (!kinds[field->type].read(field, value, base + field->offset, err))
            return false;
        *which = field->id;
        return true;
    }
    return kinds[field->type].read(field, value, base + field->offset, err);
}

static ProtobufCMessage *message_from_json(const ProtobufCMessageDescriptor *d, const cJSON *object,
                                           struct error *err)
{
    const cJSON *member;
    bool ok = cJSON_IsObject(object);

    if (!ok)
        error_set(err, ERROR_USAGE, "not an object");
    ProtobufCMessage *message = ok ? calloc(1, d->sizeof_message) : NULL;
    if (message == NULL)
        return NULL;
    protobuf_c_message_init(d, message);
    cJSON_ArrayForEach(member, object)
    {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(d, member->string);
        ok = field != NULL ? field_from_json(field, member, message, err)
                           : error_set(err, ERROR_USAGE, "%s: no member of a %s", member->string,
                                       d->short_name);
        if (!ok)
            break;
    }
    if (ok)
        return message;
    protobuf_c_message_free_unpacked(message, NULL);
    return NULL;
}

uint8_t *fleetwise_encode(const char *name, const cJSON *object, size_t *ret_len, struct error *err)
{
    const ProtobufCMessageDescriptor *d = find(name);

    if (d == NULL) {
        error_set(err, ERROR_USAGE, "%s: no message of FleetWise", name);
        return NULL;
    }
    ProtobufCMessage *message = message_from_json(d, object, err);
    if (message == NULL)
        return NULL;
    *ret_len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(*ret_len + 1);
    if (bytes != NULL)
        protobuf_c_message_pack(message, bytes);
    else
        error_set(err, ERROR_FAILED, "no memory");
    protobuf_c_message_free_unpacked(message, NULL);
    return bytes;
}
