/* Which policies hold for a client (contract 7), and that a change makes those look again whom it
   concerns, and nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cloud/registry/access.h"

#define NOW INT64_C(1700000000000)

struct car {
    const char *name;
    char id[REGISTRY_ID_SIZE];
    struct registry_certificate *certificate;
    struct registry_thing *thing;
    struct access_view view;
};

struct world {
    struct registry registry;
    struct access access;
    struct car a, b;
};

static void put(struct world *w, const char *name, const char *effect, const char *topic)
{
    char document[300];
    struct error err;

    snprintf(
        document, sizeof document,
        "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"%s\",\"Action\":\"iot:Publish\","
        "\"Resource\":\"arn:aws:iot:x:1:topic/%s\"}}",
        effect, topic);
    assert_true(policy_store_put(&w->access.policies, name, slice_str(document), NOW, &err));
}

static void make_car(struct world *w, struct car *car, const char *name)
{
    *car = (struct car){.name = name};
    snprintf(car->id, sizeof car->id, "id-of-%s", name);
    car->certificate = registry_certificate_add(&w->registry, car->id, NULL, REGISTRY_ACTIVE, NOW);
    car->thing = registry_thing_add(&w->registry, name, NOW);
    assert_true(registry_attach(car->certificate, car->thing));
    assert_true(registry_attach_policy(car->certificate, "all"));
}

static int setup(void **state)
{
    static struct world w;

    registry_init(&w.registry);
    assert_true(access_init(&w.access, &w.registry));
    put(&w, "all", "Allow", "*");
    put(&w, "quiet", "Deny", "*");
    make_car(&w, &w.a, "car-a");
    make_car(&w, &w.b, "car-b");
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    access_view_done(&w->a.view);
    access_view_done(&w->b.view);
    access_done(&w->access);
    registry_done(&w->registry);
    return 0;
}

static bool may_publish(struct world *w, struct car *car)
{
    const struct access_subject subject = {.certificate = car->id, .client_id = car->name};
    const struct policy_principal who = {.client_id = car->name};

    return access_decide(&w->access, &car->view, &subject, &who, POLICY_PUBLISH, "t").allowed;
}

/* Looks once, then takes what is kept away: who does not look again sees nothing allowed. */
static void blind(struct world *w, struct car *car)
{
    (void)may_publish(w, car);
    car->view.count = 0;
}

static bool looks_again(struct world *w, struct car *car)
{
    bool again = may_publish(w, car);

    if (!again)
        car->view.generation = 0;
    return again;
}

static void attachments_concern_one(void **state)
{
    struct world *w = *state;

    blind(w, &w->b);
    assert_true(registry_attach_policy(w->a.certificate, "quiet"));
    assert_false(may_publish(w, &w->a));
    registry_detach_policy(w->a.certificate, "quiet");
    assert_true(may_publish(w, &w->a));
    registry_detach(w->a.certificate, w->a.thing);
    assert_true(registry_attach(w->a.certificate, w->a.thing));
    assert_false(looks_again(w, &w->b));
    assert_true(may_publish(w, &w->b));
}

/* Cars that come for the first time, and policies that come with them. */
static void newcomers_concern_nobody(void **state)
{
    struct world *w = *state;
    struct car c;

    blind(w, &w->a);
    put(w, "of-c", "Deny", "*");
    make_car(w, &c, "car-c");
    assert_true(registry_attach_policy(c.certificate, "of-c"));
    assert_false(may_publish(w, &c));
    assert_false(looks_again(w, &w->a));
    access_view_done(&c.view);
}

/* An attachment may outlive the policy of that name. */
static void a_policy_that_comes_after_its_attachment(void **state)
{
    struct world *w = *state;

    assert_true(registry_attach_policy(w->a.certificate, "late"));
    assert_true(may_publish(w, &w->a));
    blind(w, &w->b);
    put(w, "late", "Deny", "*");
    assert_false(may_publish(w, &w->a));
    assert_false(looks_again(w, &w->b));
}

static void members_concern_themselves(void **state)
{
    struct world *w = *state;
    struct groups *groups = &w->access.groups;
    struct error err;
    struct group *top = groups_add(groups, "top", NULL, NULL, NOW, &err);
    struct group *below = groups_add(groups, "below", "top", NULL, NOW, &err);

    assert_true(group_attach_policy(groups, top, "quiet", &err));
    blind(w, &w->b);
    assert_true(may_publish(w, &w->a));
    assert_true(group_put_thing(groups, below, "car-a", &err));
    assert_false(may_publish(w, &w->a));
    group_take_thing(groups, below, "car-a");
    assert_true(may_publish(w, &w->a));
    assert_true(group_put_thing(groups, below, "car-a", &err));
    assert_false(may_publish(w, &w->a));
    assert_true(groups_remove(groups, below, &err));
    assert_true(may_publish(w, &w->a));
    assert_false(looks_again(w, &w->b));
    /* What a group has concerns all. */
    blind(w, &w->b);
    assert_true(group_detach_policy(groups, top, "quiet"));
    assert_true(looks_again(w, &w->b));
}

static void policies_concern_everybody(void **state)
{
    struct world *w = *state;

    assert_true(may_publish(w, &w->a));
    put(w, "all", "Deny", "*");
    assert_false(may_publish(w, &w->a));
    assert_false(may_publish(w, &w->b));
    registry_detach_policy(w->a.certificate, "all");
    put(w, "all", "Allow", "*");
    assert_false(may_publish(w, &w->a));
    assert_true(may_publish(w, &w->b));
}

/* A certificate that goes, and one that comes back: nobody keeps what is freed. */
static void certificates_that_go(void **state)
{
    struct world *w = *state;

    assert_true(may_publish(w, &w->a));
    registry_certificate_remove(&w->registry, w->a.certificate);
    assert_false(may_publish(w, &w->a));
    assert_true(may_publish(w, &w->b));
    w->a.certificate = registry_certificate_add(&w->registry, w->a.id, NULL, REGISTRY_ACTIVE, NOW);
    assert_false(may_publish(w, &w->a));
    assert_true(registry_attach_policy(w->a.certificate, "all"));
    assert_true(may_publish(w, &w->a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(attachments_concern_one),    TEST(newcomers_concern_nobody),
        TEST(attachments_concern_one),    TEST(a_policy_that_comes_after_its_attachment),
        TEST(members_concern_themselves), TEST(policies_concern_everybody),
        TEST(certificates_that_go),
#undef TEST
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
