/*
 * check_text.h — the static check, which is Lua, and the annotations that it reads, as the build
 * compiles them into the program.
 */
#ifndef SCRIPT_CHECK_TEXT_H
#define SCRIPT_CHECK_TEXT_H

#include <stddef.h>

extern const unsigned char check_api[], check_lexer[], check_parser[], check_signals[],
    check_shadows[], check_walk[], check_calls[], check_waits[], check_files[], check_annotations[],
    check_members[], check_options[], check_methods[], check_declarations[];
extern const size_t check_api_len, check_lexer_len, check_parser_len, check_signals_len,
    check_shadows_len, check_walk_len, check_calls_len, check_waits_len, check_files_len,
    check_annotations_len, check_members_len, check_options_len, check_methods_len,
    check_declarations_len;

#endif
