/* What the cloud has promised since its state was written: it is on the disk before it is said, and
   what is damaged is told of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/journal_file.h"
#include "cloud/state_file.h"
#include "support/claim.h"

static void provision(struct cloud_world *w)
{
    char token[128], request[512];

    claim_creates(w, token);
    claim_request(request, token, "{\"VIN\":\"car-1\",\"Model\":\"suv\"}");
    claim_provisions(w, PROVISION, request);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Its lines in order, for tables have none, but of the claim: that comes again; to be freed. */
static char *registered(const struct cloud *cloud)
{
    char *lines[100];
    size_t count = 0;
    struct text t;

    text_init(&t);
    assert_true(cloud_save(cloud, CLOUD_NOW, &t));
    for (char *line = strtok(t.data, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (strstr(line, CLAIM) == NULL && (strncmp(line, "{\"thingName\"", 12) == 0 ||
                                            strncmp(line, "{\"certificateId\"", 16) == 0 ||
                                            strncmp(line, "{\"deletedCertificateId\"", 23) == 0 ||
                                            strncmp(line, "{\"policy\"", 9) == 0))
            lines[count++] = line;
    qsort(lines, count, sizeof *lines, compare);
    char *all = calloc(1, t.len + count + 1);
    for (size_t i = 0; i < count; i++)
        strcat(strcat(all, lines[i]), "\n");
    text_done(&t);
    return all;
}

static void is_the_same(const struct cloud *cloud, const struct cloud *again)
{
    char *one = registered(cloud);
    char *other = registered(again);

    assert_string_equal(other, one);
    free(one);
    free(other);
}

/* Nothing of it was in a state. */
static void what_was_promised_is_there(void **state)
{
    struct cloud_world *w = *state;
    struct cloud *again = cloud_new(2);
    struct error err = {0};
    struct text t;
    size_t whole;

    text_init(&t);
    cloud_begin_journal(w->cloud);
    provision(w);
    assert_true(journal_put(w->cloud, &t));
    size_t first = t.len;
    assert_true(first != 0);
    assert_true(journal_put(w->cloud, &t));
    assert_int_equal(t.len, first); /* nothing has changed */
    operator_tells(w, "policies/strict/put",
                   "{\"policyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":"
                   "\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"*\"}]}}");
    operator_tells(w, "certificates/" MADE "/attach-policy", "{\"policyName\":\"strict\"}");
    operator_tells(w, "things/car-1/update", "{\"attributes\":{\"a\":\"b\"}}");
    operator_tells(w, "certificates/" MADE "/update", "{\"status\":\"INACTIVE\"}");
    assert_true(journal_put(w->cloud, &t));
    assert_true(t.len > first);
    if (!journal_take(again, slice_of(t.data, t.len), &whole, &err))
        fail_msg("%s", err.text);
    assert_int_equal(whole, t.len);
    assert_int_equal(cloud_batch(again), 2);
    is_the_same(w->cloud, again);
    /* What is removed is, too. */
    text_cut(&t, 0);
    operator_tells(w, "certificates/" MADE "/delete", "{\"force\":true}");
    assert_true(journal_put(w->cloud, &t));
    assert_true(journal_take(again, slice_of(t.data, t.len), &whole, &err));
    char *left = registered(again);
    assert_null(strstr(left, MADE));
    free(left);
    text_done(&t);
    cloud_free(again);
}

/* A car's first connection makes it again: ten thousand that come online cost no writing. */
static void what_comes_again_is_not_noted(void **state)
{
    struct cloud_world *w = *state;
    struct text t;

    text_init(&t);
    cloud_begin_journal(w->cloud);
    claim_connects(w);
    assert_true(journal_put(w->cloud, &t));
    assert_int_equal(t.len, 0);
    text_done(&t);
}

static bool take(const char *bytes, size_t len, size_t *ret_whole, struct error *err)
{
    struct cloud *cloud = cloud_new(2);
    bool ok = journal_take(cloud, slice_of(bytes, len), ret_whole, err);

    cloud_free(cloud);
    return ok;
}

static void torn_is_dropped_damage_told(void **state)
{
    struct cloud_world *w = *state;
    struct error err = {0};
    size_t whole;
    struct text t;

    text_init(&t);
    cloud_begin_journal(w->cloud);
    provision(w);
    assert_true(journal_put(w->cloud, &t));
    size_t first = t.len;
    operator_tells(w, "certificates/" MADE "/update", "{\"status\":\"INACTIVE\"}");
    assert_true(journal_put(w->cloud, &t));
    for (size_t len = 0; len < t.len; len++) {
        assert_true(take(t.data, len, &whole, &err));
        assert_int_equal(whole, len < first ? 0 : first);
    }
    /* In a batch with one behind it, every byte counts. */
    for (size_t i = 0; i < first; i++) {
        t.data[i] ^= 1;
        assert_false(take(t.data, t.len, &whole, &err));
        assert_int_equal(err.code, ERROR_USAGE);
        assert_non_null(strstr(err.text, "damaged behind byte 0"));
        t.data[i] ^= 1;
    }
    /* The disk got the end of the last one, and not its beginning. */
    memset(t.data + first, 0, 40);
    assert_true(take(t.data, t.len, &whole, &err));
    assert_int_equal(whole, first);
    text_done(&t);
}

static void read_again(const char *path, const struct cloud *cloud)
{
    struct cloud *again = cloud_new(2);
    struct error err = {0};
    int64_t saved;

    if (!state_file_read(again, path, CLOUD_NOW, &saved, &err))
        fail_msg("%s", err.text);
    assert_true(saved != 0);
    assert_int_equal(cloud_batch(again), cloud_batch(cloud));
    is_the_same(cloud, again);
    cloud_free(again);
}

static void change(struct cloud_world *w, struct journal_file *j, const char *status)
{
    char payload[64];
    struct error err = {0};

    snprintf(payload, sizeof payload, "{\"status\":\"%s\"}", status);
    operator_tells(w, "certificates/" MADE "/update", payload);
    if (!journal_file_keep(j, w->cloud, &err))
        fail_msg("%s", err.text);
}

/* A state that is written meanwhile takes from the journal what it has, and no more. */
static void state_and_journal(void **state)
{
    struct cloud_world *w = *state;
    char dir[] = "/tmp/fleetsim journal XXXXXX";
    char path[64];
    struct journal_file j;
    struct error err = {0};
    struct stat st;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/cloud.state", dir);
    assert_true(journal_file_open(&j, path, &err));
    cloud_begin_journal(w->cloud);
    provision(w);
    assert_true(journal_file_keep(&j, w->cloud, &err));
    read_again(path, w->cloud);
    assert_int_equal(stat(j.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    /* As a child writes it: of this moment. */
    journal_file_mark(&j);
    assert_true(state_file_write(w->cloud, path, CLOUD_NOW, &err));
    read_again(path, w->cloud); /* killed before the journal is shortened */
    change(w, &j, "INACTIVE");
    read_again(path, w->cloud);
    size_t size = j.size;
    assert_true(journal_file_drop(&j, &err));
    assert_true(j.size != 0 && j.size < size);
    read_again(path, w->cloud);
    change(w, &j, "ACTIVE");
    read_again(path, w->cloud);
    /* The next life goes on behind what is whole. */
    assert_int_equal(truncate(j.path, (off_t)j.size + 100), 0);
    journal_file_done(&j);
    assert_true(journal_file_open(&j, path, &err));
    change(w, &j, "REVOKED");
    read_again(path, w->cloud);
    journal_file_mark(&j);
    assert_true(state_file_write(w->cloud, path, CLOUD_NOW, &err));
    assert_true(journal_file_drop(&j, &err));
    assert_int_equal(j.size, 0);
    read_again(path, w->cloud);
    unlink(j.path);
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
    journal_file_done(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CLAIM(what_was_promised_is_there),
        WITH_CLAIM(what_comes_again_is_not_noted),
        WITH_CLAIM(torn_is_dropped_damage_told),
        WITH_CLAIM(state_and_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
