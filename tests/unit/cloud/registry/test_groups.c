/* Thing groups: hierarchies and AWS's limits, dynamic groups, and what outlives the broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cloud/registry/groups.h"

static struct group *add(struct groups *g, const char *name, const char *parent)
{
    struct error err;
    struct group *group = groups_add(g, name, parent, NULL, 1000, &err);

    if (group == NULL)
        fail_msg("%s: %s", name, err.text);
    return group;
}

static void put(struct groups *g, struct group *group, const char *thing)
{
    struct error err;

    if (!group_put_thing(g, group, thing, &err))
        fail_msg("%s", err.text);
}

static void collect(const char *thing, void *ctx)
{
    char *to = ctx;

    strcat(to, thing);
    strcat(to, " ");
}

static void collect_group(const struct group *group, void *ctx)
{
    collect(group->name, ctx);
}

/* "You can attach a policy to a parent group and it is inherited by its child groups": a thing of a
   child is one of its ancestors'. */
static void hierarchy(void **state)
{
    struct groups g;
    struct error err;
    char seen[200] = "";

    (void)state;
    groups_init(&g);
    struct group *all = add(&g, "all", NULL);
    struct group *north = add(&g, "north", "all");
    struct group *south = add(&g, "south", "all");
    struct group *other = add(&g, "other", NULL);
    put(&g, north, "car-1");
    put(&g, south, "car-2");
    uint64_t before = g.membership;
    put(&g, north, "car-1");
    assert_int_equal(g.membership, before);
    assert_true(group_has(&g, all, "car-1", true));
    assert_false(group_has(&g, all, "car-1", false));
    assert_false(group_has(&g, south, "car-1", true));
    groups_each_of(&g, "car-1", true, collect_group, seen);
    assert_string_equal(seen, "north all ");
    seen[0] = '\0';
    group_each_thing(&g, all, true, collect, seen);
    assert_true(strcmp(seen, "car-1 car-2 ") == 0 || strcmp(seen, "car-2 car-1 ") == 0);

    /* "You can't add a thing to more than one group in the same hierarchy." */
    assert_false(group_put_thing(&g, south, "car-1", &err));
    assert_string_equal(err.text, "car-1: it is in north, of the same hierarchy, already");
    put(&g, other, "car-1");
    /* "Cannot delete thing group : … when there are still child groups attached to it." */
    assert_false(groups_remove(&g, all, &err));
    assert_string_equal(err.text, "Cannot delete thing group : all when there are still child "
                                  "groups attached to it.");
    assert_true(groups_remove(&g, north, &err));
    assert_false(group_has(&g, all, "car-1", true));
    groups_forget_thing(&g, "car-1");
    assert_false(group_has(&g, other, "car-1", false));
    groups_done(&g);
}

/* AWS's quotas of thing groups. */
static void limits(void **state)
{
    struct groups g;
    struct error err;
    char name[32], before[32] = "";

    (void)state;
    groups_init(&g);
    for (int i = 0; i < GROUP_DEPTH_MAX; i++) {
        snprintf(name, sizeof name, "level-%d", i);
        add(&g, name, i == 0 ? NULL : before);
        strcpy(before, name);
    }
    assert_null(groups_add(&g, "deep", before, NULL, 0, &err));
    assert_string_equal(err.text, "parentGroupName: 7 levels are all that AWS IoT allows");
    assert_null(groups_add(&g, "level-0", NULL, NULL, 0, &err));
    assert_string_equal(err.text, "level-0: there is such a group already");
    assert_null(groups_add(&g, "a b", NULL, NULL, 0, &err));
    assert_non_null(strstr(err.text, "no name of a group"));
    assert_null(groups_add(&g, "x", "nowhere", NULL, 0, &err));
    assert_string_equal(err.text, "parentGroupName: there is no group nowhere");
    for (int i = 0; i < GROUPS_OF_THING_MAX + 1; i++) {
        snprintf(name, sizeof name, "g%d", i);
        struct group *group = add(&g, name, NULL);
        assert_true(group_put_thing(&g, group, "car", &err) == (i < GROUPS_OF_THING_MAX));
    }
    assert_string_equal(err.text, "car: it would be in 11 groups, and 10 are the most");
    for (int i = 0; i < GROUP_CHILDREN_MAX; i++) {
        snprintf(name, sizeof name, "child-%d", i);
        add(&g, name, "g0");
    }
    assert_null(groups_add(&g, "one-more", "g0", NULL, 0, &err));
    assert_string_equal(err.text, "parentGroupName: g0 has 100 children, which is the most");
    struct group *group = groups_find(&g, "g0");
    assert_true(group_attach_policy(&g, group, "a", &err));
    assert_true(group_attach_policy(&g, group, "a", &err));
    assert_true(group_attach_policy(&g, group, "b", &err));
    /* "You can attach a maximum number of two policies to a group." */
    assert_false(group_attach_policy(&g, group, "c", &err));
    assert_string_equal(err.text, "g0: a group has at most 2 policies");
    assert_true(group_detach_policy(&g, group, "a"));
    assert_false(group_detach_policy(&g, group, "a"));
    assert_string_equal(group->policies[0], "b");
    groups_done(&g);
}

/* A world of a few things; which of them match is told by their first letters. */
static bool some_things(void *ctx, struct table_cursor *at, size_t max,
                        void (*visit)(const char *thing, void *arg), void *arg)
{
    const char *const *things = ctx;
    size_t end = at->bucket + max;

    for (; things[at->bucket] != NULL && at->bucket < end; at->bucket++)
        visit(things[at->bucket], arg);
    return things[at->bucket] != NULL;
}

static size_t questions;

static bool name_matches(void *ctx, const struct query *query, const char *thing)
{
    const char *field = strrchr(query_text(query), ':');

    (void)ctx;
    questions++;
    return strchr(field != NULL ? field : query_text(query), thing[0]) != NULL;
}

/* However many things and groups there are, one call asks no more than so many questions, and the
   next calls the rest; nobody's policies are looked up anew for it. */
static void a_first_look_in_pieces(void **state)
{
    const char *things[] = {"a1", "b1", "c1", "b2", "b3", NULL};
    const struct groups_world world = {
        .some_things = some_things, .matches = name_matches, .ctx = things};
    const struct group *three[3];
    struct groups g;
    struct error err;
    size_t calls = 0;

    (void)state;
    groups_init(&g);
    for (size_t i = 0; i < 3; i++) {
        const char name[] = {(char)('x' + i), '\0'};
        three[i] = groups_add(&g, name, NULL, "thingName:b", 0, &err);
        assert_non_null(three[i]);
    }
    uint64_t generation = g.generation;
    for (questions = 0; questions < 15; calls++) {
        size_t before = questions;
        assert_true(groups_refresh(&g, &world, 2, 5000));
        assert_in_range(questions - before, 1, 2);
    }
    assert_in_range(calls, 8, 15);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(three[i]->things.count, 3);
    assert_int_equal(g.generation, generation);
    /* Then nothing is asked any more. */
    assert_true(groups_refresh(&g, &world, 100, 6000));
    assert_int_equal(questions, 15);
    assert_true(groups_are_settled(&g));
    groups_done(&g);
}

/* Only what was touched is looked at, each thing once, however often that was. */
static void things_that_change(void **state)
{
    const char *things[] = {"a1", "b1", NULL};
    const struct groups_world world = {
        .some_things = some_things, .matches = name_matches, .ctx = things};
    struct groups g;
    struct error err;

    (void)state;
    groups_init(&g);
    groups_touch(&g, "a1"); /* nobody asks */
    const struct group *group = groups_add(&g, "x", NULL, "thingName:b", 0, &err);
    assert_true(groups_refresh(&g, &world, SIZE_MAX, 1000));
    uint64_t membership = g.membership;
    assert_int_equal(group->things.count, 1);
    questions = 0;
    for (int i = 0; i < 3; i++) {
        groups_touch(&g, "b2");
        groups_touch(&g, "a1");
    }
    assert_true(groups_refresh(&g, &world, SIZE_MAX, 1001));
    assert_int_equal(questions, 2);
    assert_true(group_has(&g, group, "b2", false));
    /* Who follows groups hears of it with all else of that second. */
    assert_int_equal(g.membership, membership);
    assert_false(groups_are_settled(&g));
    assert_true(groups_refresh(&g, &world, SIZE_MAX, 2000));
    assert_int_equal(g.membership, membership + 1);
    /* A thing that is gone is in no group. */
    groups_forget_thing(&g, "b2");
    assert_false(group_has(&g, group, "b2", false));
    groups_done(&g);
}

/* A query may ask for groups, dynamic ones as well: a member of "x" is one of "y" a second later.
 */
static const struct groups *asked;

static bool is_of_x(void *ctx, const struct query *query, const char *thing)
{
    (void)ctx;
    if (strstr(query_text(query), "thingGroupNames") == NULL)
        return strchr(query_text(query), thing[0]) != NULL;
    return group_has(asked, groups_find(asked, "x"), thing, false);
}

static void groups_of_groups(void **state)
{
    const char *things[] = {"a1", NULL};
    const struct groups_world world = {
        .some_things = some_things, .matches = is_of_x, .ctx = things};
    struct groups g;
    struct error err;

    (void)state;
    groups_init(&g);
    asked = &g;
    assert_non_null(groups_add(&g, "x", NULL, "b", 0, &err));
    const struct group *y = groups_add(&g, "y", NULL, "thingGroupNames:x", 0, &err);
    assert_non_null(y);
    assert_true(groups_refresh(&g, &world, SIZE_MAX, 1000));
    groups_touch(&g, "b1");
    assert_true(groups_refresh(&g, &world, SIZE_MAX, 2000));
    for (int64_t now = 2100; !groups_are_settled(&g); now += 100) {
        assert_in_range(now, 2100, 4500);
        assert_true(groups_refresh(&g, &world, SIZE_MAX, now));
    }
    assert_true(group_has(&g, y, "b1", false));
    groups_done(&g);
}

static void dynamic(void **state)
{
    const char *things[] = {"a1", "b1", "c1", NULL};
    const struct groups_world world = {
        .some_things = some_things, .matches = name_matches, .ctx = things};
    struct groups g;
    struct error err;

    (void)state;
    groups_init(&g);
    struct group *group = groups_add(&g, "warm", NULL, "b OR c", 0, &err);
    assert_non_null(group);
    assert_null(groups_add(&g, "bad", NULL, "nofield:b", 0, &err));
    assert_non_null(strstr(err.text, "no field of the index"));
    assert_true(groups_refresh(&g, &world, SIZE_MAX, 1000));
    assert_true(group_has(&g, group, "b1", true));
    assert_false(group_has(&g, group, "a1", true));
    /* "Dynamic thing groups can't have policies applied to them", nor be part of a hierarchy. */
    assert_false(group_attach_policy(&g, group, "p", &err));
    assert_string_equal(err.text, "warm: a dynamic group has no policies");
    assert_false(group_put_thing(&g, group, "a1", &err));
    assert_string_equal(err.text, "warm: its query says who is in a dynamic group");
    assert_null(groups_add(&g, "child", "warm", NULL, 0, &err));
    assert_string_equal(err.text, "parentGroupName: warm is dynamic, and has no children");
    groups_done(&g);
}

static void outlives(void **state)
{
    struct groups first, second;
    struct error err;
    struct text saved;

    (void)state;
    groups_init(&first);
    groups_init(&second);
    add(&first, "all", NULL);
    struct group *north = add(&first, "north", "all");
    put(&first, north, "car-1");
    assert_true(group_attach_policy(&first, north, "p", &err));
    assert_non_null(groups_add(&first, "warm", NULL, "shadow.reported.t>60", 0, &err));
    text_init(&saved);
    groups_save(&first, &saved);
    for (char *line = strtok(saved.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        cJSON *record = cJSON_Parse(line);
        assert_non_null(record);
        assert_true(groups_load(&second, record));
        cJSON_Delete(record);
    }
    text_done(&saved);
    struct group *loaded = groups_find(&second, "north");
    assert_string_equal(loaded->parent->name, "all");
    assert_string_equal(loaded->policies[0], "p");
    assert_int_equal(loaded->created_ms, 1000);
    assert_true(group_has(&second, loaded, "car-1", false));
    assert_string_equal(query_text(groups_find(&second, "warm")->query), "shadow.reported.t>60");
    groups_done(&first);
    groups_done(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hierarchy),
        cmocka_unit_test(limits),
        cmocka_unit_test(dynamic),
        cmocka_unit_test(a_first_look_in_pieces),
        cmocka_unit_test(things_that_change),
        cmocka_unit_test(groups_of_groups),
        cmocka_unit_test(outlives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
