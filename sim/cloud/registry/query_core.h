/* query_core.h — a parsed query, as the files that make and read it know it. Nobody else includes
   it. */
#ifndef CLOUD_REGISTRY_QUERY_CORE_H
#define CLOUD_REGISTRY_QUERY_CORE_H

#include <stddef.h>

#include "cloud/registry/query.h"

#define QUERY_DEPTH_MAX 16
#define QUERY_NODES_MAX 48 /* of each term, and three operators of it */

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_TERM };

/* What a term asks of a value. ORDER TEST */
enum test {
    TEST_LIKE,
    TEST_LESS,
    TEST_LESS_OR_EQUAL,
    TEST_GREATER,
    TEST_GREATER_OR_EQUAL,
    TEST_RANGE
};

/* One end of a range; text NULL: it is open. */
struct end {
    char *text;
    bool included;
};

struct node {
    enum node_kind kind;
    size_t left, right; /* of AND and OR; NOT has `left` */
    char *field;        /* NULL: any */
    enum test test;
    char *value; /* `*` and `?` are wildcards, unless a '\' stands before */
    struct end from, to;
};

struct query {
    char *text;
    struct node nodes[QUERY_NODES_MAX];
    size_t count, terms, root;
};

#endif
