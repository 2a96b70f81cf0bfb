#include "shadow_rig.h"

static char *read_file(const char *path)
{
    static char text[1 << 17];
    FILE *f = fopen(path, "rb");

    assert_non_null(f);
    size_t len = fread(text, 1, sizeof text - 1, f);
    text[len] = '\0';
    fclose(f);
    return text;
}

static void say_json(struct rig *rig, enum said what, const cJSON *document)
{
    char *text = cJSON_PrintUnformatted(document);

    rig_say(rig, what, text);
    free(text);
}

/* One step of the worked examples: every message of it agrees. */
static void play(struct rig *rig, const cJSON *publishes)
{
    for (const cJSON *p = publishes->child; p != NULL; p = p->next) {
        if (strcmp(p->string, "update/accepted") == 0)
            say_json(rig, SAID_ACCEPTED, p);
        else if (strcmp(p->string, "update/delta") == 0)
            say_json(rig, SAID_DELTA, p);
        else if (strcmp(p->string, "get/accepted") == 0)
            say_json(rig, SAID_DOCUMENT, p);
        else if (strcmp(p->string, "delete/accepted") == 0)
            assert_true(replica_deleted(&rig->replica, (uint64_t)json_num(p, "version", 0)));
        else if (strcmp(p->string, "get/rejected") == 0)
            replica_absent(&rig->replica);
    }
    /* What `documents` shows besides is the document as of now. */
    const cJSON *current = json_get(json_get(publishes, "update/documents"), "current");
    if (current == NULL)
        return;
    cJSON *document = cJSON_Duplicate(current, 1);
    cJSON *state = json_get(document, "state");
    const cJSON *desired = json_get(state, "desired");
    cJSON *delta = desired != NULL ? json_delta(desired, json_get(state, "reported")) : NULL;
    if (delta != NULL && delta->child != NULL)
        cJSON_AddItemToObject(state, "delta", delta);
    else
        cJSON_Delete(delta);
    say_json(rig, SAID_DOCUMENT, document);
    cJSON_Delete(document);
}

/* Contract 1.11, one session from the first write to the one after a deletion. */
static void the_worked_examples_agree(void **state)
{
    cJSON *cases = json_parse(slice_str(read_file(SOURCE_DIR "/tests/vectors/shadow.json")), 32);
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(cJSON_GetArraySize(cases), 15);
    for (const cJSON *c = cases->child; c != NULL; c = c->next) {
        play(&rig, json_get(c, "publishes"));
        if (rig.differed != 0)
            fail_msg("%s", json_str(c, "name", "?"));
    }
    /* Eleven documents, one get, five deltas. */
    assert_int_equal(rig.agreed, 12 + 5);
    assert_int_equal(rig.replica.version, 12);
    rig_done(&rig);
    cJSON_Delete(cases);
}

/* Quotes in tests are single ones. */
static void say_quoted(struct rig *rig, enum said what, const char *state, int version,
                       enum replica_verdict expected)
{
    char text[1000];

    snprintf(text, sizeof text, "{'state':%s,'version':%d}", state, version);
    for (char *p = text; *p != '\0'; p++)
        *p = *p == '\'' ? '"' : *p;
    if (rig_say(rig, what, text) != expected)
        fail_msg("%s", text);
}

/* Two updates of a fresh shadow, and what it is then. */
static void two_updates(const char *a, const char *b, const char *document)
{
    struct rig rig;

    rig_init(&rig);
    say_quoted(&rig, SAID_ACCEPTED, a, 1, REPLICA_TAKEN);
    say_quoted(&rig, SAID_ACCEPTED, b, 2, REPLICA_TAKEN);
    say_quoted(&rig, SAID_DOCUMENT, document, 2, REPLICA_AGREES);
    rig_done(&rig);
}

/* Contract 1.11: verified against AWS. */
static void deltas_that_aws_was_seen_to_send(void **state)
{
    (void)state;
    two_updates("{'desired':{'online':true}}", "{'reported':{'online':false}}",
                "{'desired':{'online':true},'reported':{'online':false},'delta':{'online':true}}");
    two_updates("{'desired':{'enabled':true}}", "{'reported':{'online':false,'enabled':true}}",
                "{'desired':{'enabled':true},'reported':{'online':false,'enabled':true}}");
    two_updates("{}", "{'reported':{'online':null}}", "{}");
    two_updates("{'desired':{}}", "{'reported':{'online':false}}", "{'reported':{'online':false}}");
    two_updates("{'desired':{'enabled':true}}", "{'reported':{}}",
                "{'desired':{'enabled':true},'delta':{'enabled':true}}");
    two_updates("{'reported':{'list':[['v1'],['v2']]}}", "{'desired':{'list':[['v1']]}}",
                "{'desired':{'list':[['v1']]},'reported':{'list':[['v1'],['v2']]},'delta':{'list':["
                "['v1']]}}");
    two_updates("{'reported':{'a':{'b':{'c':'d','e':'f'}}}}", "{'desired':{'a':{'b':{'c':'d2'}}}}",
                "{'desired':{'a':{'b':{'c':'d2'}}},'reported':{'a':{'b':{'e':'f','c':'d'}}},'delta'"
                ":{'a':{'b':{'c':'d2'}}}}");
    two_updates("{'desired':{'a':1,'b':{'c':3}}}", "{'desired':{'a':1,'b':{'c':3},'d':{}}}",
                "{'desired':{'a':1,'b':{'c':3},'d':{}},'delta':{'a':1,'b':{'c':3},'d':{}}}");
    two_updates("{'desired':{'a':1,'b':{'c':3},'d':{}}}", "{'desired':{'a':1,'b':{'c':{}},'d':{}}}",
                "{'desired':{'a':1,'b':{'c':{}},'d':{}},'delta':{'a':1,'b':{'c':{}},'d':{}}}");
    two_updates("{'desired':{'a':1,'b':{'c':3}}}", "{'desired':{'a':1,'b':{'c':{'d':3}}}}",
                "{'desired':{'a':1,'b':{'c':{'d':3}}},'delta':{'a':1,'b':{'c':{'d':3}}}}");
}

#define ACCEPTED(version, state) "{\"state\":" state ",\"version\":" #version "}"
#define DELTA(version, state)    "{\"version\":" #version ",\"state\":" state "}"

static void a_delta_that_is_not_exact_is_found(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_say(&rig, SAID_ACCEPTED, ACCEPTED(1, "{\"desired\":{\"a\":{\"b\":1,\"c\":2}}}"));
    rig_say(&rig, SAID_ACCEPTED, ACCEPTED(2, "{\"reported\":{\"a\":{\"b\":1}}}"));
    assert_int_equal(rig_say(&rig, SAID_DELTA, DELTA(2, "{\"a\":{\"c\":2}}")), REPLICA_AGREES);
    assert_int_equal(rig_say(&rig, SAID_DELTA, DELTA(1, "{\"a\":{\"b\":1,\"c\":2}}")),
                     REPLICA_AGREES);
    assert_int_equal(rig_say(&rig, SAID_DELTA, DELTA(2, "{\"a\":{\"c\":3}}")), REPLICA_DIFFERS);
    rig_expect_wrong(&rig, "a.c");
    assert_int_equal(rig_say(&rig, SAID_DELTA, DELTA(2, "{\"a\":{\"b\":1,\"c\":2}}")),
                     REPLICA_DIFFERS);
    rig_expect_wrong(&rig, "a.b");
    assert_int_equal(rig_say(&rig, SAID_DELTA, DELTA(2, "{\"x\":true,\"a\":{\"c\":2}}")),
                     REPLICA_DIFFERS);
    rig_expect_wrong(&rig, "x");
    assert_int_equal(rig_say(&rig, SAID_DELTA, DELTA(1, "{\"a\":{\"c\":2}}")), REPLICA_DIFFERS);
    /* Of a version that is not known (any more) nothing can be said. */
    assert_int_equal(rig_say(&rig, SAID_DELTA, DELTA(7, "{\"a\":{\"c\":9}}")), REPLICA_SKIPPED);
    rig_done(&rig);
}

static void what_comes_early_waits(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_say(&rig, SAID_ACCEPTED, ACCEPTED(1, "{\"desired\":{\"a\":1}}"));
    assert_int_equal(rig_say(&rig, SAID_DELTA, DELTA(3, "{\"a\":3}")), REPLICA_SKIPPED);
    assert_int_equal(rig_say(&rig, SAID_DELTA, DELTA(2, "{\"a\":99}")), REPLICA_SKIPPED);
    assert_int_equal(rig_say(&rig, SAID_ACCEPTED, ACCEPTED(3, "{\"desired\":{\"a\":3}}")),
                     REPLICA_SKIPPED);
    assert_int_equal(rig.replica.version, 1);
    rig_say(&rig, SAID_ACCEPTED, ACCEPTED(2, "{\"desired\":{\"a\":2}}"));
    assert_int_equal(rig.replica.version, 3);
    assert_int_equal(rig.agreed, 1);
    assert_int_equal(rig.differed, 1); /* the delta of version 2 */
    assert_null(rig.replica.held);
    /* Repetitions say nothing. */
    assert_int_equal(rig_say(&rig, SAID_ACCEPTED, ACCEPTED(2, "{\"desired\":{\"a\":5}}")),
                     REPLICA_SKIPPED);
    rig_done(&rig);
}

static void a_gap_is_known_to_be_one(void **state)
{
    struct rig rig;
    char text[100];

    (void)state;
    rig_init(&rig);
    rig_say(&rig, SAID_ACCEPTED, ACCEPTED(1, "{\"desired\":{\"a\":1}}"));
    for (int version = 3; version < 3 + REPLICA_HELD_MAX; version++) {
        snprintf(text, sizeof text, "{\"state\":{\"desired\":{\"a\":%d}},\"version\":%d}", version,
                 version);
        assert_int_equal(rig_say(&rig, SAID_ACCEPTED, text), REPLICA_SKIPPED);
        assert_true(rig.replica.known);
    }
    assert_int_equal(rig_say(&rig, SAID_ACCEPTED, ACCEPTED(40, "{\"desired\":{\"a\":1}}")),
                     REPLICA_SKIPPED);
    assert_false(rig.replica.known);
    rig_say(&rig, SAID_ACCEPTED, ACCEPTED(41, "{\"desired\":{\"a\":2}}"));
    assert_int_equal(rig_say(&rig, SAID_DELTA, DELTA(41, "{\"z\":1}")), REPLICA_SKIPPED);
    /* The next whole document says all. */
    assert_int_equal(
        rig_say(&rig, SAID_DOCUMENT, ACCEPTED(42, "{\"desired\":{\"a\":2},\"delta\":{\"a\":2}}")),
        REPLICA_TAKEN);
    assert_int_equal(rig_say(&rig, SAID_DELTA, DELTA(42, "{\"a\":2}")), REPLICA_AGREES);
    assert_int_equal(rig.differed, 0);
    rig_done(&rig);
}

static void a_document_that_changed_by_itself_is_found(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_say(&rig, SAID_ACCEPTED, ACCEPTED(1, "{\"reported\":{\"a\":1,\"b\":{\"c\":\"x\"}}}"));
    assert_int_equal(
        rig_say(&rig, SAID_DOCUMENT, ACCEPTED(1, "{\"reported\":{\"b\":{\"c\":\"x\"},\"a\":1.0}}")),
        REPLICA_AGREES);
    assert_int_equal(
        rig_say(&rig, SAID_DOCUMENT, ACCEPTED(1, "{\"reported\":{\"b\":{\"c\":\"y\"},\"a\":1}}")),
        REPLICA_DIFFERS);
    rig_expect_wrong(&rig, "b.c");
    /* What it says is believed from then on. */
    assert_int_equal(
        rig_say(&rig, SAID_DOCUMENT, ACCEPTED(1, "{\"reported\":{\"b\":{\"c\":\"y\"},\"a\":1}}")),
        REPLICA_AGREES);
    assert_int_equal(rig_say(&rig, SAID_DOCUMENT, ACCEPTED(1, "{\"reported\":{\"a\":1}}")),
                     REPLICA_DIFFERS);
    /* A delta in it is compared with the document itself, known or not. */
    assert_int_equal(
        rig_say(&rig, SAID_DOCUMENT, ACCEPTED(9, "{\"desired\":{\"a\":2},\"reported\":{\"a\":1}}")),
        REPLICA_DIFFERS);
    rig_expect_wrong(&rig, "a");
    rig_done(&rig);
}

static void a_deletion_begins_anew(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    rig_say(&rig, SAID_ACCEPTED, ACCEPTED(1, "{\"desired\":{\"a\":1}}"));
    rig_say(&rig, SAID_ACCEPTED, ACCEPTED(2, "{\"desired\":{\"b\":1}}"));
    assert_false(replica_deleted(&rig.replica, 1)); /* late: of an earlier document */
    assert_true(replica_deleted(&rig.replica, 2));
    assert_int_equal(rig_say(&rig, SAID_ACCEPTED, ACCEPTED(4, "{\"desired\":{\"c\":1}}")),
                     REPLICA_TAKEN);
    assert_int_equal(rig_say(&rig, SAID_DELTA, DELTA(4, "{\"c\":1}")), REPLICA_AGREES);
    /* With another number it may not be the first: nothing is known. */
    assert_true(replica_deleted(&rig.replica, 4));
    rig_say(&rig, SAID_ACCEPTED, ACCEPTED(9, "{\"desired\":{\"c\":1}}"));
    assert_false(rig.replica.known);
    rig_done(&rig);
}

static void who_wrote_what_is_reported_is_known(void **state)
{
    struct rig rig;
    path_id a, b;

    (void)state;
    rig_init(&rig);
    a = names_dotted(rig.room.names, "a");
    b = names_dotted(rig.room.names, "b.c");
    rig_say_as(&rig, SAID_ACCEPTED, ACCEPTED(1, "{\"reported\":{\"a\":1,\"b\":{\"c\":1}}}"), true);
    assert_false(replica_is_foreign(&rig.replica, a));
    rig_say_as(&rig, SAID_ACCEPTED, ACCEPTED(2, "{\"reported\":{\"b\":{\"c\":2}}}"), false);
    assert_false(replica_is_foreign(&rig.replica, a));
    assert_true(replica_is_foreign(&rig.replica, b));
    rig_say_as(&rig, SAID_ACCEPTED, ACCEPTED(3, "{\"reported\":{\"b\":{\"c\":1}}}"), true);
    assert_false(replica_is_foreign(&rig.replica, b));
    /* While nobody told, somebody did. */
    rig_say(&rig, SAID_DOCUMENT, ACCEPTED(9, "{\"reported\":{\"a\":1,\"b\":{\"c\":7}}}"));
    assert_false(replica_is_foreign(&rig.replica, a));
    assert_true(replica_is_foreign(&rig.replica, b));
    rig_done(&rig);
}

static void what_cannot_be_told_is_not_judged(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    /* A name twice. */
    rig_say(&rig, SAID_ACCEPTED, ACCEPTED(1, "{\"desired\":{\"a\":1,\"a\":2}}"));
    assert_false(rig.replica.known);
    assert_int_equal(rig_say(&rig, SAID_DELTA, DELTA(1, "{\"a\":1}")), REPLICA_SKIPPED);
    /* Objects that deletions have emptied (contract 1.3, rules 9 and 10). */
    rig_say(&rig, SAID_DOCUMENT,
            ACCEPTED(2, "{\"desired\":{\"a\":{\"b\":1},\"x\":1},\"delta\":{\"a\":"
                        "{\"b\":1},\"x\":1}}"));
    rig_say(&rig, SAID_ACCEPTED, ACCEPTED(3, "{\"desired\":{\"a\":{\"b\":null}}}"));
    assert_int_equal(rig_say(&rig, SAID_DELTA, DELTA(3, "{\"x\":1}")), REPLICA_SKIPPED);
    assert_int_equal(
        rig_say(&rig, SAID_DOCUMENT, ACCEPTED(3, "{\"desired\":{\"x\":1},\"delta\":{\"x\":1}}")),
        REPLICA_AGREES);
    assert_int_equal(rig.differed, 0);
    rig_done(&rig);
}

/* ---- against cJSON ---- */

static void merge(cJSON *object, const cJSON *patch)
{
    for (const cJSON *item = patch->child; item != NULL; item = item->next) {
        cJSON *old = json_get(object, item->string);
        if (cJSON_IsObject(item) && cJSON_IsObject(old)) {
            merge(old, item);
            continue;
        }
        cJSON_DeleteItemFromObjectCaseSensitive(object, item->string);
        if (cJSON_IsNull(item))
            continue;
        cJSON *fresh = cJSON_IsObject(item) ? cJSON_CreateObject() : cJSON_Duplicate(item, 1);
        if (cJSON_IsObject(item))
            merge(fresh, item);
        cJSON_AddItemToObject(object, item->string, fresh);
    }
}

static cJSON *random_value(struct rng *rng, int depth)
{
    switch (rng_below(rng, depth > 0 ? 6 : 4)) {
    case 0:
        return cJSON_CreateNumber((double)rng_below(rng, 3));
    case 1:
        return cJSON_CreateBool(rng_below(rng, 2) != 0);
    case 2:
        return cJSON_CreateString(rng_below(rng, 2) != 0 ? "red" : "gr\xc3\xbcn");
    case 3:
        return rng_below(rng, 3) == 0 ? cJSON_Parse("[1,{\"a\":2,\"b\":3}]")
                                      : cJSON_CreateNumber(0.5);
    default:
        break;
    }
    cJSON *object = cJSON_CreateObject();
    for (uint64_t n = 1 + rng_below(rng, 3); n > 0; n--) {
        char key[2] = {(char)('a' + (char)rng_below(rng, 4)), '\0'};
        if (json_get(object, key) == NULL)
            cJSON_AddItemToObject(object, key, random_value(rng, depth - 1));
    }
    return object;
}

static cJSON *random_patch(struct rng *rng)
{
    cJSON *patch = cJSON_CreateObject();

    for (uint64_t n = 1 + rng_below(rng, 3); n > 0; n--) {
        char key[2] = {(char)('a' + (char)rng_below(rng, 5)), '\0'};
        if (json_get(patch, key) == NULL)
            cJSON_AddItemToObject(
                patch, key, rng_below(rng, 5) == 0 ? cJSON_CreateNull() : random_value(rng, 3));
    }
    return patch;
}

static char *document(const char *key, const cJSON *state, int version)
{
    char *text = cJSON_PrintUnformatted(state), *all = NULL;

    if (asprintf(&all, "{\"state\":%s%s%s%s%s,\"version\":%d}", key != NULL ? "{\"" : "",
                 key != NULL ? key : "", key != NULL ? "\":" : "", text, key != NULL ? "}" : "",
                 version) < 0)
        abort();
    free(text);
    return all;
}

/* Thousands of random updates, told as a cloud would tell them: all agrees; and a delta that leaves
   something out does not. */
static void random_updates_agree_with_a_model_on_cjson(void **state)
{
    cJSON *sections[2] = {cJSON_CreateObject(), cJSON_CreateObject()};
    static const char *const names[] = {"desired", "reported"};
    unsigned deltas = 0, skipped = 0;
    struct rng rng;
    struct rig rig;

    (void)state;
    rng_init(&rng, 5, 1);
    rig_init(&rig);
    for (int version = 1; version <= 5000; version++) {
        size_t which = (size_t)rng_below(&rng, 2);
        cJSON *patch = random_patch(&rng);
        char *text = document(names[which], patch, version);
        rig_say(&rig, SAID_ACCEPTED, text);
        free(text);
        merge(sections[which], patch);
        cJSON_Delete(patch);
        cJSON *delta = json_delta(sections[0], sections[1]);
        text = document(NULL, delta, version);
        enum replica_verdict verdict = REPLICA_SKIPPED;
        if (delta->child != NULL)
            verdict = rig_say(&rig, SAID_DELTA, text);
        if (verdict == REPLICA_DIFFERS)
            fail_msg("version %d: %s", version, text);
        deltas += verdict == REPLICA_AGREES;
        skipped += verdict == REPLICA_SKIPPED;
        free(text);
        if (verdict == REPLICA_AGREES) {
            cJSON_DeleteItemFromArray(delta, 0);
            text = document(NULL, delta, version);
            assert_int_equal(rig_say(&rig, SAID_DELTA, text), REPLICA_DIFFERS);
            free(text);
        }
        cJSON_Delete(delta);
    }
    /* Emptied objects make some of them unsure. */
    assert_true(deltas > 2000);
    assert_true(skipped < deltas);
    rig_done(&rig);
    cJSON_Delete(sections[0]);
    cJSON_Delete(sections[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_examples_agree),
        cmocka_unit_test(deltas_that_aws_was_seen_to_send),
        cmocka_unit_test(a_delta_that_is_not_exact_is_found),
        cmocka_unit_test(what_comes_early_waits),
        cmocka_unit_test(a_gap_is_known_to_be_one),
        cmocka_unit_test(a_document_that_changed_by_itself_is_found),
        cmocka_unit_test(a_deletion_begins_anew),
        cmocka_unit_test(who_wrote_what_is_reported_is_known),
        cmocka_unit_test(what_cannot_be_told_is_not_judged),
        cmocka_unit_test(random_updates_agree_with_a_model_on_cjson),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
