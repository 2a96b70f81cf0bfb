/* table_text.h — the pieces of the tables that people read in a terminal: a column of names, then
   cells that end at the same place. UTF-8 without wide or combining characters. */
#ifndef METRICS_TABLE_TEXT_H
#define METRICS_TABLE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define TABLE_BOLD  "\x1b[1m"
#define TABLE_RED   "\x1b[31m"
#define TABLE_PLAIN "\x1b[0m"
#define TABLE_CELL  10 /* columns of a cell with its gap */

/* Columns that a text takes. */
size_t table_columns(const char *text);
/* Appends a cell; a longer text still has one space before it. */
void table_right(struct buf *out, const char *text);
/* Appends the first column, `width` columns and two before them; nothing in `name` steers the
   terminal. */
void table_name(struct buf *out, const char *name, size_t width);
/* Appends the line of headings; `rest` ends with NULL. */
void table_heading(struct buf *out, const char *first, const char *const *rest, size_t width,
                   bool colour);

#endif
