/* template.h — the files of template/, compiled into the program. Private to this room. */
#ifndef REPORT_TEMPLATE_H
#define REPORT_TEMPLATE_H

#include <stddef.h>

extern const unsigned char report_page[], report_css[], report_js[];
extern const size_t report_page_len, report_css_len, report_js_len;

#endif
