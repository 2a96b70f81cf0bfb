#include "cloud/registry/query.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/registry/query_core.h"

#define LEADING_MAX 100 /* bytes of a query with a value that begins with '*' or '?' */
#define FIELD_MAX   256
#define DEPTH_MAX   QUERY_DEPTH_MAX
#define NODES_MAX   QUERY_NODES_MAX

const char *query_text(const struct query *query)
{
    return query->text;
}

void query_free(struct query *query)
{
    for (size_t i = 0; query != NULL && i < query->count; i++) {
        free(query->nodes[i].field);
        free(query->nodes[i].value);
        free(query->nodes[i].from.text);
        free(query->nodes[i].to.text);
    }
    if (query != NULL)
        free(query->text);
    free(query);
}

struct parser {
    struct query *query;
    const char *p;
    const char *field; /* before the parentheses that are being read; or NULL */
    int depth;
    struct error *err;
};

static bool fail(struct parser *r, const char *why)
{
    return error_set(r->err, ERROR_USAGE, "query: at character %zu: %s",
                     (size_t)(r->p - r->query->text) + 1, why);
}

static void skip_space(struct parser *r)
{
    while (isspace((unsigned char)*r->p))
        r->p++;
}

/* Is the next word that operator? Moves behind it if so. */
static bool take_word(struct parser *r, const char *word)
{
    size_t len = strlen(word);

    skip_space(r);
    if (strncmp(r->p, word, len) != 0 ||
        (r->p[len] != '\0' && !isspace((unsigned char)r->p[len]) && r->p[len] != '('))
        return false;
    r->p += len;
    return true;
}

static bool take(struct parser *r, char c)
{
    skip_space(r);
    if (*r->p != c)
        return false;
    r->p++;
    return true;
}

/* A new node; its number, or NODES_MAX with the error. */
static size_t add_node(struct parser *r, enum node_kind kind, size_t left, size_t right)
{
    struct query *q = r->query;

    if (kind == NODE_TERM && ++q->terms > QUERY_TERMS_MAX) {
        fail(r, "too many terms (AWS IoT allows 12)");
        return NODES_MAX;
    }
    if (q->count == NODES_MAX) {
        fail(r, "too many operators");
        return NODES_MAX;
    }
    q->nodes[q->count] = (struct node){.kind = kind, .left = left, .right = right};
    return q->count++;
}

/* Up to one of the bytes, with its escapes; NULL with the error. */
static char *take_until(struct parser *r, const char *ends)
{
    const char *from = r->p;

    while (*r->p != '\0' && !isspace((unsigned char)*r->p) && strchr(ends, *r->p) == NULL)
        r->p += r->p[0] == '\\' && r->p[1] != '\0' ? 2 : 1;
    if (r->p == from) {
        fail(r, *from == '\0' ? "something is missing at the end" : "a field or a value");
        return NULL;
    }
    char *text = strndup(from, (size_t)(r->p - from));
    if (text == NULL)
        fail(r, "no memory");
    return text;
}

/* Between quotes wildcards are characters like others. */
static char *take_quoted(struct parser *r)
{
    const char *from = ++r->p;
    char *text;
    size_t len = 0;

    while (*r->p != '\0' && *r->p != '"')
        r->p += r->p[0] == '\\' && r->p[1] != '\0' ? 2 : 1;
    if (*r->p == '\0') {
        fail(r, "a \" is missing");
        return NULL;
    }
    text = malloc(2 * (size_t)(r->p - from) + 1);
    if (text == NULL) {
        fail(r, "no memory");
        return NULL;
    }
    for (const char *p = from; p < r->p; p++) {
        if (*p == '*' || *p == '?')
            text[len++] = '\\';
        if (*p == '\\')
            text[len++] = *p++;
        text[len++] = *p;
    }
    text[len] = '\0';
    r->p++;
    return text;
}

static char *take_value(struct parser *r)
{
    skip_space(r);
    return *r->p == '"' ? take_quoted(r) : take_until(r, "()[]{}\"<>");
}

/* Takes the backslashes away. */
static void unescape(char *s)
{
    char *to = s;

    for (const char *p = s; *p != '\0'; p++) {
        if (p[0] == '\\' && p[1] != '\0')
            p++;
        *to++ = *p;
    }
    *to = '\0';
}

static bool take_end(struct parser *r, struct end *ret)
{
    ret->text = take_value(r);
    if (ret->text == NULL)
        return false;
    if (strcmp(ret->text, "*") == 0) {
        free(ret->text);
        ret->text = NULL;
    } else {
        unescape(ret->text);
    }
    return true;
}

/* "[70 TO 80}" behind its first bracket. */
static bool take_range(struct parser *r, struct node *n, bool included)
{
    n->test = TEST_RANGE;
    n->from.included = included;
    if (!take_end(r, &n->from))
        return false;
    if (!take_word(r, "TO"))
        return fail(r, "a range is [FROM TO END] or {FROM TO END}");
    if (!take_end(r, &n->to))
        return false;
    n->to.included = take(r, ']');
    return n->to.included || take(r, '}') || fail(r, "a range ends with ] or }");
}

static bool check_leading(struct parser *r, const char *value)
{
    return (*value != '*' && *value != '?') || value[1] == '\0' ||
           strlen(r->query->text) <= LEADING_MAX ||
           fail(r, "a value that begins with a wildcard needs a query of at most 100 characters");
}

static bool take_number(struct parser *r, struct node *n)
{
    char *end = NULL;

    n->value = take_value(r);
    if (n->value == NULL)
        return false;
    unescape(n->value);
    strtod(n->value, &end);
    return *end == '\0' || fail(r, "<, <=, > and >= need a number");
}

/* What a term asks, behind its field: ":value", "<5", ">=5", a range. */
static bool take_test(struct parser *r, struct node *n)
{
    skip_space(r);
    if (*r->p == '<' || *r->p == '>') {
        bool less = *r->p++ == '<';
        bool equal = take(r, '=');
        n->test = less ? TEST_LESS : TEST_GREATER;
        if (equal)
            n->test = less ? TEST_LESS_OR_EQUAL : TEST_GREATER_OR_EQUAL;
        return take_number(r, n);
    }
    take(r, ':');
    skip_space(r);
    if (*r->p == '[' || *r->p == '{')
        return take_range(r, n, *r->p++ == '[');
    n->value = take_value(r);
    return n->value != NULL && check_leading(r, n->value);
}

static bool is_known_field(const char *field)
{
    static const char *const exact[] = {"thingName",
                                        "thingTypeName",
                                        "thingGroupNames",

                                        "shadow.hasDelta",
                                        "connectivity.connected",
                                        "connectivity.timestamp",
                                        "connectivity.disconnectReason"};
    static const char *const begins[] = {"attributes.",   "shadow.desired.",  "shadow.reported.",
                                         "shadow.delta.", "shadow.metadata.", "shadow.name."};

    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        if (strcmp(exact[i], field) == 0)
            return true;
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (strncmp(begins[i], field, strlen(begins[i])) == 0)
            return field[strlen(begins[i])] != '\0';
    return false;
}

static bool check_field(struct parser *r, const char *field)
{
    return is_known_field(field) ||
           error_set(r->err, ERROR_USAGE,
                     "query: %.80s: no field of the index (thingName, thingTypeName, "
                     "thingGroupNames, attributes.X, shadow.reported.X, .desired.X, .delta.X, "
                     ".hasDelta, shadow.name.NAME.reported.X, connectivity.connected, .timestamp, "
                     ".disconnectReason; \"quotes\" make a value of it)",
                     field);
}

static size_t take_or(struct parser *r);

/* "field:(…)", behind the colon's parenthesis. */
static size_t take_grouped(struct parser *r, const char *field)
{
    const char *outer = r->field;

    if (++r->depth > DEPTH_MAX) {
        fail(r, "too many parentheses");
        return NODES_MAX;
    }
    r->field = field != NULL ? field : outer;
    size_t inner = take_or(r);
    r->field = outer;
    r->depth--;
    if (inner == NODES_MAX || take(r, ')'))
        return inner;
    fail(r, "a ) is missing");
    return NODES_MAX;
}

static char *copy_field(const struct parser *r)
{
    return r->field != NULL ? strdup(r->field) : NULL;
}

/* A value without a field of its own. */
static size_t take_bare(struct parser *r)
{
    size_t at = add_node(r, NODE_TERM, 0, 0);

    if (at == NODES_MAX)
        return at;
    r->query->nodes[at].field = copy_field(r);
    return take_test(r, &r->query->nodes[at]) ? at : NODES_MAX;
}

/* Behind a field's name, which it takes. */
static size_t take_fielded(struct parser *r, char *field)
{
    const char *rest = r->p + (*r->p == ':' ? 1 : 0);

    while (isspace((unsigned char)*rest))
        rest++;
    if (!check_field(r, field)) {
        free(field);
        return NODES_MAX;
    }
    if (*r->p == ':' && *rest == '(') {
        r->p = rest + 1;
        size_t inner = take_grouped(r, field);
        free(field);
        return inner;
    }
    size_t at = add_node(r, NODE_TERM, 0, 0);
    if (at == NODES_MAX) {
        free(field);
        return at;
    }
    r->query->nodes[at].field = field;
    return take_test(r, &r->query->nodes[at]) ? at : NODES_MAX;
}

static size_t take_term(struct parser *r)
{
    skip_space(r);
    const char *from = r->p;
    if (*from == '<' || *from == '>') {
        fail(r, "a field is missing before it");
        return NODES_MAX;
    }
    if (*from == '"' || *from == '[' || *from == '{')
        return take_bare(r);
    if (strcspn(from, "():<>[]{}\" \t\r\n") > FIELD_MAX) {
        fail(r, "a word of more than 256 characters");
        return NODES_MAX;
    }
    char *word = take_until(r, "():<>[]{}\"");
    if (word == NULL)
        return NODES_MAX;
    skip_space(r);
    if (*r->p == ':' || *r->p == '<' || *r->p == '>')
        return take_fielded(r, word);
    free(word);
    r->p = from;
    return take_bare(r);
}

static size_t take_not(struct parser *r)
{
    bool negated = false;

    if (take_word(r, "NOT") || (r->p[0] == '-' && r->p[1] != '\0' && take(r, '-')))
        negated = true;
    if (negated) {
        if (++r->depth > DEPTH_MAX) {
            fail(r, "too many NOT");
            return NODES_MAX;
        }
        size_t inner = take_not(r);
        r->depth--;
        return inner != NODES_MAX ? add_node(r, NODE_NOT, inner, 0) : NODES_MAX;
    }
    return take(r, '(') ? take_grouped(r, NULL) : take_term(r);
}

/* Does the list of terms end here? */
static bool at_end(struct parser *r)
{
    const char *before = r->p;
    bool or = take_word(r, "OR");

    r->p = before;
    skip_space(r);
    return or || *r->p == ')' || *r->p == '\0';
}

static size_t take_and(struct parser *r)
{
    size_t left = take_not(r);

    while (left != NODES_MAX && !at_end(r)) {
        take_word(r, "AND");
        size_t right = take_not(r);
        left = right != NODES_MAX ? add_node(r, NODE_AND, left, right) : NODES_MAX;
    }
    return left;
}

static size_t take_or(struct parser *r)
{
    size_t left = take_and(r);

    while (left != NODES_MAX && take_word(r, "OR")) {
        size_t right = take_and(r);
        left = right != NODES_MAX ? add_node(r, NODE_OR, left, right) : NODES_MAX;
    }
    return left;
}

struct query *query_parse(const char *text, struct error *err)
{
    struct query *query = calloc(1, sizeof *query);

    if (query != NULL)
        query->text = strdup(text);
    if (query == NULL || query->text == NULL) {
        query_free(query);
        error_set(err, ERROR_FAILED, "no memory");
        return NULL;
    }
    struct parser r = {.query = query, .p = query->text, .err = err};
    bool ok = strlen(text) <= QUERY_LENGTH_MAX || fail(&r, "more than 1000 characters");
    if (ok) {
        query->root = take_or(&r);
        ok = query->root != NODES_MAX;
    }
    if (ok && *r.p != '\0')
        ok = fail(&r, "there is no ( for this )");
    if (ok)
        return query;
    query_free(query);
    return NULL;
}
