#include "report/story_look.h"

#ifdef FLEETSIM_VIEW

#include "base/base64.h"
#include "base/json.h"
#include "metrics/xml.h"
#include "render/portrait.h"

/* In CSS pixels; drawn finer, for screens that are. */
#define WIDTH   200
#define HEIGHT  340
#define FINER   1.5
#define PNG_MAX ((size_t)2 << 20)

static bool read_picture(const cJSON *json, enum picture_body *ret_body, struct car_picture *ret)
{
    if (!picture_body_find(json_str(json, "body", ""), ret_body))
        return false;
    *ret = (struct car_picture){0};
    for (size_t i = 0; i < picture_field_count(); i++)
        picture_set(ret, &picture_fields[i], (float)json_num(json, picture_fields[i].name, 0));
    return true;
}

void story_look(const cJSON *car, struct buf *out)
{
    enum picture_body body;
    struct car_picture picture;
    struct buf png;

    if (!read_picture(json_get(car, "picture"), &body, &picture))
        return;
    buf_init(&png, PNG_MAX);
    if (portrait_png(body, &picture, (int)(WIDTH * FINER), (int)(HEIGHT * FINER), &png)) {
        buf_printf(out,
                   "<figure class=\"look\"><img width=\"%d\" height=\"%d\" alt=\"%s, from above\" "
                   "src=\"data:image/png;base64,",
                   WIDTH, HEIGHT, picture_body_name(body));
        base64_put(out, buf_slice(&png));
        buf_append_str(out, "\"/><figcaption>As it looked at that moment</figcaption></figure>\n");
    }
    buf_done(&png);
}

#else

void story_look(const cJSON *car, struct buf *out)
{
    (void)car;
    (void)out;
}

#endif
