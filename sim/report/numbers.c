#include "report/numbers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/timeunit.h"
#include "metrics/xml.h"

void number_write(struct buf *out, double value)
{
    char digits[512];
    int len = snprintf(digits, sizeof digits, "%.0f", value);

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
            buf_append_str(out, "\xe2\x80\xaf"); /* a narrow space that keeps the line together */
        buf_append(out, digits + i, 1);
    }
}

void number_duration(struct buf *out, double usec)
{
    char text[32];

    duration_human(usec, text, sizeof text);
    size_t digits = strcspn(text, " ");
    buf_append(out, text, digits);
    if (text[digits] == ' ') {
        buf_append_str(out, "\xc2\xa0"); /* number and unit stay together */
        xml_text(out, text + digits + 1);
    }
}

void number_share(struct buf *out, double share)
{
    double percent = share * 100;
    /* What is far from both ends needs no more than a digit behind the point. */
    double edge = fmin(fabs(percent), fabs(100 - percent));

    if (edge > 0 && edge < 0.001)
        buf_append_str(out, percent < 50 ? "&lt; 0.001 %" : "&gt; 99.999 %");
    else if (edge <= 0 || edge >= 10)
        buf_printf(out, "%.0f %%", percent);
    else
        buf_printf(out, "%.*f %%", edge >= 1 ? 1 : edge >= 0.1 ? 2 : 3, percent);
}
