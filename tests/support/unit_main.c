#include "support/unit_main.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    for (const struct unit_test *t = unit_tests; argc == 2 && t->name != NULL; t++)
        if (strcmp(t->name, argv[1]) == 0)
            return t->run();
    fprintf(stderr, "usage: %s TEST\nwhere TEST is one of:", argv[0]);
    for (const struct unit_test *t = unit_tests; t->name != NULL; t++)
        fprintf(stderr, " %s", t->name);
    fprintf(stderr, "\n");
    return 2;
}
