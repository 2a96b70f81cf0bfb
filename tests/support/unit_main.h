/*
 * unit_main.h — the cmocka programs of a room in one: the build makes the table of their main()s,
 * unit_main.c runs the one that is asked for.
 */
#ifndef SUPPORT_UNIT_MAIN_H
#define SUPPORT_UNIT_MAIN_H

struct unit_test {
    const char *name; /* NULL: the table's end */
    int (*run)(void); /* main() of test_<name>.c */
};

extern const struct unit_test unit_tests[];

#endif
