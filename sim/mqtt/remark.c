#include "mqtt/remark.h"

struct line {
    char *text;
    size_t len, size;
};

static void put(struct line *l, struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.data[i];
        size_t follow = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
        /* A character is not cut in two: the rest of the line is not for it. */
        if (l->len + follow + 1 >= l->size) {
            l->size = l->len + 1;
            break;
        }
        l->text[l->len++] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
    }
    l->text[l->len] = '\0';
}

static void item(struct line *l, const char *intro)
{
    if (l->len != 0)
        put(l, slice_str("; "));
    put(l, slice_str(intro));
}

void mqtt_remark(const struct mqtt_props *props, char *text, size_t size)
{
    struct line l = {.text = text, .size = size};
    struct slice rest = props->user, name, value;

    text[0] = '\0';
    if (props->reason_string.len != 0) {
        item(&l, "");
        put(&l, props->reason_string);
    }
    if (props->server_reference.len != 0) {
        item(&l, "use another server: ");
        put(&l, props->server_reference);
    }
    while (mqtt_props_user_next(&rest, &name, &value)) {
        item(&l, "");
        put(&l, name);
        put(&l, slice_str("="));
        put(&l, value);
    }
}
