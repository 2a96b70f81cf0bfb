#include "render/theme.h"

static struct rgb between(uint32_t day, uint32_t night, double t)
{
    return rgb_mix(rgb_hex(day), rgb_hex(night), t);
}

struct theme theme_at(double night)
{
    return (struct theme){
        .night = night,
        .ground = between(0xd3d9df, 0x0b0e12, night),
        .ground_light = between(0xf2f5f7, 0x1c232b, night),
        .panel = between(0xffffff, 0x161b21, night),
        .line = between(0x101820, 0xffffff, night),
        .line_alpha = 0.07,
        .text = between(0x12181f, 0xf2f5f8, night),
        .dim = between(0x5c6975, 0x97a3af, night),
        .faint = between(0xa3adb7, 0x5a6570, night),
        .accent = between(0x1f6feb, 0x5aa2ff, night),
        .good = between(0x12925a, 0x35d088, night),
        .warn = between(0xc77700, 0xf7b23b, night),
        .bad = between(0xd1342f, 0xff6259, night),
    };
}
