/* well_formed.h — is a page well-formed? A strict look at tags, attributes and references. */
#ifndef REPORT_TEST_WELL_FORMED_H
#define REPORT_TEST_WELL_FORMED_H

#include <ctype.h>
#include <string.h>

#define DEPTH_MAX 64

static inline const char *skip_attribute(const char *p)
{
    while (isalnum((unsigned char)*p) || strchr("-:_", *p) != NULL)
        p++;
    assert_memory_equal(p, "=\"", 2);
    for (p += 2; *p != '"'; p++) {
        assert_int_not_equal(*p, '<');
        assert_int_not_equal(*p, '\0');
    }
    return p + 1;
}

static inline void check_reference(const char *p)
{
    const char *end = strchr(p, ';');

    assert_non_null(end);
    assert_in_range(end - p, 2, 6);
}

struct tag {
    const char *name;
    size_t len;
};

/* Behind a tag, which is pushed or popped. */
static inline const char *check_tag(const char *p, struct tag *open, size_t *depth)
{
    bool closing = p[1] == '/';
    const char *name = p + 1 + closing;
    size_t len = strcspn(name, " />\n");

    assert_in_range(len, 1, 12);
    p = name + len;
    if (closing) {
        assert_true(*depth > 0);
        --*depth;
        assert_int_equal(open[*depth].len, len);
        assert_memory_equal(open[*depth].name, name, len);
        assert_int_equal(*p, '>');
        return p + 1;
    }
    while (*p == ' ')
        p = skip_attribute(p + 1);
    if (strncmp(p, "/>", 2) == 0)
        return p + 2;
    assert_int_equal(*p, '>');
    assert_true(*depth < DEPTH_MAX);
    open[(*depth)++] = (struct tag){name, len};
    return p + 1;
}

static inline void check_well_formed(const char *page)
{
    struct tag open[DEPTH_MAX] = {0};
    size_t depth = 0;
    const char *p = strstr(page, "<html");

    while (p != NULL && *p != '\0') {
        if (strncmp(p, "<![CDATA[", 9) == 0) {
            p = strstr(p, "]]>");
            assert_non_null(p);
            p += 3;
        } else if (*p == '<') {
            p = check_tag(p, open, &depth);
        } else {
            if (*p == '&')
                check_reference(p);
            p++;
        }
    }
    assert_int_equal(depth, 0);
}

#endif
