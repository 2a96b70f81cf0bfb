#include "render/text.h"

#include <fontconfig/fontconfig.h>
#include <math.h>
#include <pango/pangocairo.h>

#define FAMILY "Inter, Cantarell, Noto Sans, DejaVu Sans, sans-serif"
#define MONO   "JetBrains Mono, DejaVu Sans Mono, monospace"

static PangoLayout *layout_of(cairo_t *cr, const struct text_style *style, const char *text)
{
    static const PangoWeight weights[] = {PANGO_WEIGHT_NORMAL, PANGO_WEIGHT_MEDIUM,
                                          PANGO_WEIGHT_SEMIBOLD};
    PangoLayout *layout = pango_cairo_create_layout(cr);
    PangoFontDescription *font = pango_font_description_new();
    PangoAttrList *attributes = pango_attr_list_new();

    pango_font_description_set_family_static(font, style->mono ? MONO : FAMILY);
    pango_font_description_set_weight(font, weights[style->weight]);
    pango_font_description_set_absolute_size(font, style->size * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    /* Digits of one width, so that numbers do not dance. */
    pango_attr_list_insert(attributes, pango_attr_font_features_new("tnum=1, calt=1"));
    pango_layout_set_attributes(layout, attributes);
    pango_attr_list_unref(attributes);
    pango_layout_set_single_paragraph_mode(layout, TRUE);
    char *valid = g_utf8_make_valid(text, -1);
    pango_layout_set_text(layout, valid, -1);
    g_free(valid);
    if (style->width > 0) {
        pango_layout_set_width(layout, (int)(style->width * PANGO_SCALE));
        pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    }
    return layout;
}

double text_draw(cairo_t *cr, double x, double y, const struct text_style *style, const char *text)
{
    PangoLayout *layout = layout_of(cr, style, text);
    PangoRectangle extent;

    pango_layout_get_extents(layout, NULL, &extent);
    double width = extent.width / (double)PANGO_SCALE, left = x;
    if (style->align == TEXT_CENTRE)
        left -= width / 2;
    else if (style->align == TEXT_RIGHT)
        left -= width;
    cairo_move_to(cr, left, y - pango_layout_get_baseline(layout) / (double)PANGO_SCALE);
    paint_colour(cr, style->colour, style->alpha > 0 ? style->alpha : 1);
    pango_cairo_show_layout(cr, layout);
    cairo_new_path(cr);
    g_object_unref(layout);
    return width;
}

double text_width(cairo_t *cr, const struct text_style *style, const char *text)
{
    PangoLayout *layout = layout_of(cr, style, text);
    PangoRectangle extent;

    pango_layout_get_extents(layout, NULL, &extent);
    g_object_unref(layout);
    return extent.width / (double)PANGO_SCALE;
}

void text_forget_fonts(void)
{
    pango_cairo_font_map_set_default(NULL);
    cairo_debug_reset_static_data();
    FcFini();
}
