#include "tcu/document.h"

#include <stdio.h>

#include "base/json.h"

static uint64_t version_in(const struct json_value *member)
{
    double v = json_number(member);
    return v >= 1 && v <= 9007199254740992.0 ? (uint64_t)v : 0;
}

static int code_in(const struct json_value *member)
{
    double code = json_number(member);
    return code >= 1 && code <= 9999 ? (int)code : 0;
}

static void set_state(struct document *doc, const struct json_value *member)
{
    doc->state = *member;
}

static void set_metadata(struct document *doc, const struct json_value *member)
{
    doc->metadata = *member;
}

static void set_message(struct document *doc, const struct json_value *member)
{
    doc->message = *member;
}

static void set_version(struct document *doc, const struct json_value *member)
{
    doc->version = version_in(member);
}

static void set_timestamp(struct document *doc, const struct json_value *member)
{
    doc->timestamp = json_number(member);
}

static void set_code(struct document *doc, const struct json_value *member)
{
    doc->code = code_in(member);
}

static void set_token(struct document *doc, const struct json_value *member)
{
    if (!json_text(member, doc->token, sizeof doc->token))
        doc->token[0] = '\0';
}

static void read_member(void *ctx, const struct json_value *member)
{
    struct document *doc = ctx;
    static const struct {
        const char *name;
        void (*set)(struct document *doc, const struct json_value *member);
    } members[] = {
        {"state",       set_state    },
        {"metadata",    set_metadata },
        {"version",     set_version  },
        {"timestamp",   set_timestamp},
        {"clientToken", set_token    },
        {"code",        set_code     },
        {"message",     set_message  },
    };

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (json_key_is(member, members[i].name)) {
            members[i].set(doc, member);
            return;
        }
    }
}

bool document_read(struct document *ret, struct slice payload, int max_depth)
{
    struct json_value whole;

    *ret = (struct document){.version = 0};
    return json_check_members(payload, max_depth, read_member, ret, &whole) &&
           whole.type == JSON_OBJECT;
}

void document_refusal(const struct document *doc, char ret[256])
{
    const struct slice whole = doc->message.text;
    char text[201] = "";

    if (!json_text(&doc->message, text, sizeof text) && doc->message.type == JSON_STRING) {
        /* The beginning of what is too long, as it was written. */
        size_t len = json_utf8_prefix(slice_of(whole.data, whole.len < 200 ? whole.len : 200));
        snprintf(text, sizeof text, "%.*s", (int)len, (const char *)whole.data);
    }
    snprintf(ret, 256, "%d %s", doc->code, text);
}
