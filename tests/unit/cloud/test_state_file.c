/* The file that a cloud outlives its broker in: all of it comes back, or none and a reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cloud/state_file.h"

#define NOW ((int64_t)1700000000000)

static const struct presence_peer owner = {
    .handle = &owner, .client_id = "owner", .address = "owner.sock", .owner = true};

static void say(struct cloud *cloud, const char *topic, const char *payload)
{
    struct cloud_actions out;
    struct cloud_message m = {
        .handle = &owner, .client_id = "owner", .topic = topic, .payload = slice_str(payload)};

    cloud_actions_init(&out);
    assert_int_equal(cloud_publish(cloud, &m, NOW), CLOUD_ALLOW);
    assert_int_equal(cloud_message(cloud, &m, NOW, &out), CLOUD_ALLOW);
    for (size_t i = 0; i < out.count; i++)
        if (strstr(out.items[i].topic, "/rejected") != NULL)
            fail_msg("%s: %.*s", topic, (int)out.items[i].payload_len,
                     (const char *)out.items[i].payload);
    cloud_actions_done(&out);
}

/* Something of everything that operators, apps and cars put into a cloud. */
static const char *const said[][2] = {
    {"fleetsim/things/car-1/create",
     "{\"thingTypeName\":\"van\",\"attributes\":{\"colour\":\"gr\\u00fcn\"}}"                                  },
    {"fleetsim/things/car-2/create",                 "{}"                                                      },
    {"fleetsim/policies/strict/put",
     "{\"policyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":\"iot:Connect\","
     "\"Resource\":\"*\"}]}}"                                                                                  },
    {"fleetsim/groups/europe/create",                "{}"                                                      },
    {"fleetsim/groups/north/create",                 "{\"parentGroupName\":\"europe\"}"                        },
    {"fleetsim/groups/vans/create",                  "{\"queryString\":\"thingTypeName:van\"}"                 },
    {"fleetsim/groups/north/add",                    "{\"things\":[\"car-2\"]}"                                },
    {"fleetsim/policies/strict/attach",              "{\"target\":\"group/north\"}"                            },
    {"fleetsim/jobs/update-7/create",
     "{\"targets\":[\"car-1\",\"car-2\"],\"document\":{\"operation\":\"install\"}}"                            },
    {"$aws/things/car-1/jobs/start-next",            "{\"statusDetails\":{\"step\":\"download\"}}"             },
    {"fleetsim/streams/firmware/put",                "{\"fileId\":1,\"size\":3,\"offset\":0,\"data\":\"AQID\"}"},
    {"fleetsim/defender/profiles/loud/put",
     "{\"behaviors\":[{\"name\":\"b\",\"metric\":\"aws:num-messages-sent\",\"criteria\":{"
     "\"comparisonOperator\":\"less-than\",\"value\":{\"count\":10},\"durationSeconds\":300}}]}"               },
    {"$aws/things/car-1/shadow/update",
     "{\"state\":{\"desired\":{\"lock\":true},\"reported\":{\"lock\":false,\"km\":12.5}}}"                     },
    {"$aws/things/car-1/shadow/name/comfort/update", "{\"state\":{\"reported\":{\"seat\":[1,2]}}}"             },
};

static struct cloud *lived_in(void)
{
    struct cloud *cloud = cloud_new(1);
    struct cloud_actions out;

    cloud_actions_init(&out);
    assert_int_equal(cloud_connect(cloud, &owner, NOW, &out), CLOUD_ALLOW);
    cloud_actions_done(&out);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        say(cloud, said[i][0], said[i][1]);
    return cloud;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Its lines in order, for tables have none; to be freed. */
static char *sorted(const struct cloud *cloud)
{
    char *lines[200];
    size_t count = 0;
    struct text t;

    text_init(&t);
    assert_true(cloud_save(cloud, NOW, &t));
    for (char *line = strtok(t.data, "\n"); line != NULL; line = strtok(NULL, "\n"))
        lines[count++] = line;
    qsort(lines, count, sizeof *lines, compare);
    char *all = calloc(1, t.len + count + 1);
    for (size_t i = 0; i < count; i++)
        strcat(strcat(all, lines[i]), "\n");
    text_done(&t);
    return all;
}

static void describes(const struct cloud *cloud, const char *expected)
{
    struct text t;

    text_init(&t);
    cloud_describe(cloud, &t);
    assert_string_equal(t.data, expected);
    text_done(&t);
}

static void nothing_is_lost(void **state)
{
    struct cloud *old = lived_in();
    struct cloud *fresh = cloud_new(2);
    struct error err = {0};
    int64_t saved = 0;
    struct text t;

    (void)state;
    text_init(&t);
    assert_true(state_file_put(old, NOW, &t));
    if (!state_file_take(fresh, slice_of(t.data, t.len), NOW, &saved, &err))
        fail_msg("%s", err.text);
    assert_true(saved == NOW);
    char *before = sorted(old);
    char *after = sorted(fresh);
    assert_string_equal(after, before);
    describes(fresh, "2 things, 1 policy, 3 groups, 1 job, 2 shadows");
    struct text lines;
    text_init(&lines);
    cloud_describe_lines(slice_of(t.data, t.len), &lines);
    assert_string_equal(lines.data, "2 things, 1 policy, 3 groups, 1 job, 2 shadows");
    /* A deleted one is not counted, nor what is the head's or the foot's. */
    text_cut(&lines, 0);
    cloud_describe_lines(slice_str("{\"shadow\":\"car-1\",\"version\":3,\"deletedAt\":7}\n"),
                         &lines);
    assert_string_equal(lines.data, "nothing");
    text_done(&lines);
    free(before);
    free(after);
    text_done(&t);
    cloud_free(old);
    cloud_free(fresh);
}

static void counts_in_thousands(void **state)
{
    struct cloud *cloud = cloud_new(1);
    char line[64];

    (void)state;
    describes(cloud, "nothing");
    for (int i = 0; i < 1005; i++) {
        snprintf(line, sizeof line, "{\"thingName\":\"car-%d\"}", i);
        assert_int_equal(cloud_load(cloud, slice_str(line), NOW), 0);
    }
    describes(cloud, "1,005 things");
    cloud_free(cloud);
}

/* False, with a reason that has this part; nothing comes of what is refused. */
static void refused_by(struct cloud *cloud, const char *bytes, size_t len, const char *part)
{
    struct error err = {0};
    int64_t saved = 7;

    assert_false(state_file_take(cloud, slice_of(bytes, len), NOW, &saved, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_true(saved == 0);
    if (strstr(err.text, part) == NULL)
        fail_msg("%s: not in \"%s\"", part, err.text);
    assert_non_null(strstr(err.text, "--fresh"));
}

static void refused(const char *bytes, size_t len, const char *part)
{
    struct cloud *cloud = cloud_new(3);

    refused_by(cloud, bytes, len, part);
    cloud_free(cloud);
}

static void damage_is_told(void **state)
{
    struct cloud *cloud = lived_in();
    struct text t;

    (void)state;
    text_init(&t);
    assert_true(state_file_put(cloud, NOW, &t));
    struct cloud *fresh = cloud_new(3);
    for (size_t len = 0; len < t.len; len++)
        refused_by(fresh, t.data, len, "");
    for (size_t i = 0; i < t.len; i++) {
        t.data[i] ^= 1;
        refused_by(fresh, t.data, t.len, "");
        t.data[i] ^= 1;
    }
    describes(fresh, "nothing");
    cloud_free(fresh);
    refused("", 0, "not the state of a cloud");
    refused("{\"endpoint\":\"mqtts://localhost\"}\n", 33, "not the state of a cloud");
    refused(t.data, t.len - 1, "cut off");
    char *line = strstr(t.data, "\"car-1\"");
    assert_non_null(line);
    line[5] = '9';
    refused(t.data, t.len, "damaged");
    line[5] = '1';
    char *format = strstr(t.data, "\"format\":1");
    format[9] = '2';
    refused(t.data, t.len, "of a later fleetsim");
    text_done(&t);
    cloud_free(cloud);
}

/* Whole, but of a program that had more to say. */
static void lines_that_make_no_sense_are_told(void **state)
{
    static const char text[] =
        "{\"fleetsim\":\"cloud state\",\"format\":1,\"saved\":1700000000000}\n"
        "{\"thingName\":\"car-1\"}\n"
        "{\"hologram\":\"car-1\"}\n"
        "{\"lines\":2,\"sha256\":"
        "\"36ce3da22c391bc62c81fb487786109f0730a7aabc79af5b503152212908c20b\"}\n";

    (void)state;
    refused(text, sizeof text - 1, "1 of its 2 lines make no sense");
}

static void a_file_is_replaced_whole(void **state)
{
    char dir[] = "/tmp/fleetsim state XXXXXX";
    char path[64], aside[72];
    struct cloud *cloud = lived_in();
    struct cloud *fresh = cloud_new(2);
    struct error err = {0};
    int64_t saved = 7;
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/cloud.state", dir);
    snprintf(aside, sizeof aside, "%s.new", path);
    /* None at all is a cloud that begins. */
    assert_true(state_file_read(fresh, path, NOW, &saved, &err));
    assert_true(saved == 0);
    assert_true(state_file_write(cloud, path, NOW, &err));
    assert_true(state_file_write(cloud, path, NOW + 5, &err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_not_equal(stat(aside, &st), 0);
    assert_true(state_file_read(fresh, path, NOW, &saved, &err));
    assert_true(saved == NOW + 5);
    describes(fresh, "2 things, 1 policy, 3 groups, 1 job, 2 shadows");
    /* What cannot be written leaves what is there. */
    assert_int_equal(mkdir(aside, 0700), 0);
    assert_false(state_file_write(cloud, path, NOW + 9, &err));
    assert_non_null(strstr(err.text, path));
    cloud_free(fresh);
    fresh = cloud_new(2);
    assert_true(state_file_read(fresh, path, NOW, &saved, &err));
    assert_true(saved == NOW + 5);
    rmdir(aside);
    unlink(path);
    rmdir(dir);
    cloud_free(cloud);
    cloud_free(fresh);
}

/* Only what is kept is worth writing. */
static void knows_when_it_has_changed(void **state)
{
    struct cloud *cloud = lived_in();
    uint64_t before = cloud_changes(cloud);
    struct cloud_actions out;

    (void)state;
    cloud_actions_init(&out);
    say(cloud, "dt/fleetsim/car-1/position", "{}");
    assert_true(cloud_tick(cloud, NOW, &out));
    assert_true(cloud_changes(cloud) == before);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        struct cloud_message m = {.handle = &owner,
                                  .client_id = "owner",
                                  .topic = said[i][0],
                                  .payload = slice_str(said[i][1])};
        assert_int_equal(cloud_message(cloud, &m, NOW, &out), CLOUD_ALLOW);
        assert_true(cloud_changes(cloud) != before);
        before = cloud_changes(cloud);
    }
    assert_true(cloud_disconnect(cloud, &owner, "owner", PRESENCE_CONNECTION_LOST, NOW, &out));
    assert_true(cloud_changes(cloud) != before);
    cloud_actions_done(&out);
    cloud_free(cloud);
}

/* What the next start is told again is no state: it may be told otherwise, or not at all. */
static void what_a_start_gives_is_not_kept(void **state)
{
    static const char policy[] = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
                                 "\"Action\":\"iot:Connect\",\"Resource\":\"*\"}]}";
    struct cloud *cloud = cloud_new(1);
    char request[300];
    struct error err;

    (void)state;
    assert_true(cloud_put_policy(cloud, "vehicle", slice_str(policy), NOW, &err));
    describes(cloud, "nothing");
    char *lines = sorted(cloud);
    assert_null(strstr(lines, "\"policy\":\"vehicle\""));
    free(lines);
    /* But an operator's word is. */
    struct cloud_actions out;
    cloud_actions_init(&out);
    assert_int_equal(cloud_connect(cloud, &owner, NOW, &out), CLOUD_ALLOW);
    cloud_actions_done(&out);
    snprintf(request, sizeof request, "{\"policyDocument\":%s}", policy);
    say(cloud, "fleetsim/policies/vehicle/put", request);
    describes(cloud, "1 policy");
    cloud_free(cloud);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost),
        cmocka_unit_test(counts_in_thousands),
        cmocka_unit_test(damage_is_told),
        cmocka_unit_test(lines_that_make_no_sense_are_told),
        cmocka_unit_test(a_file_is_replaced_whole),
        cmocka_unit_test(knows_when_it_has_changed),
        cmocka_unit_test(what_a_start_gives_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
