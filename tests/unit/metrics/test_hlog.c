#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/rng.h"
#include "base/xmem.h"
#include "metrics/hlog.h"
#include "metrics/hlog_codec.h"

/* Made by hdr-histogram-js 3.0.1 (lowest 1, highest 3.6e9, 3 digits): i⁵·137 counted i²·1000 times
   for i = 1…10, then 0, 2047, 2048 and 3.6e9 once. */
#define STOCK                                                                                      \
    "HISTFAAAAF94nJNpmSzMwMBgycDAwMjAwMDMAAEgNsO1yUsYYHymfqYL/C9lmZh6BQ/Y9epf6GF8q9Dwi/"           \
    "GvxIU25l6xA5tYlgpe+Mt6lL/hBftt3gsfOedzH5jFc7WBkQkAv5UbuA=="

static void record_stock(struct histogram *h)
{
    for (usec_t i = 1; i <= 10; i++)
        histogram_record_n(h, i * i * i * i * i * 137, i * i * 1000);
    histogram_record(h, 0);
    histogram_record(h, 2047);
    histogram_record(h, 2048);
    histogram_record(h, HISTOGRAM_HIGHEST);
}

static void assert_same_counts(const struct histogram *a, const struct histogram *b)
{
    for (size_t slot = 0; slot < HISTOGRAM_SLOTS; slot++)
        assert_int_equal(histogram_slot_count(a, slot), histogram_slot_count(b, slot));
    assert_int_equal(histogram_total(a), histogram_total(b));
}

static void decodes_what_a_stock_tool_wrote(void **state)
{
    (void)state;
    struct histogram got, expected;
    struct error err = {0};

    histogram_init(&got);
    histogram_init(&expected);
    record_stock(&expected);
    assert_true(hlog_decode(slice_str(STOCK), &got, &err));
    assert_same_counts(&got, &expected);
    assert_int_equal(histogram_percentile(&got, 50), 4493311);
    assert_int_equal(histogram_percentile(&got, 99), 13705215);
    assert_true((uint64_t)histogram_mean(&got) == 6444208);
    assert_true((uint64_t)histogram_stddev(&got) == 7668763);
    histogram_done(&got);
    histogram_done(&expected);
}

static void writes_the_compressed_form(void **state)
{
    (void)state;
    struct histogram h;
    struct buf out;

    histogram_init(&h);
    buf_init(&out, 4096);
    record_stock(&h);
    assert_true(hlog_encode(&h, &out));
    assert_memory_equal(buf_data(&out), "HISTFAAAA", 9);
    struct histogram back;
    histogram_init(&back);
    assert_true(hlog_decode(buf_slice(&out), &back, NULL));
    assert_same_counts(&back, &h);
    histogram_done(&back);
    histogram_done(&h);
    buf_done(&out);
}

static void any_histogram_comes_back(void **state)
{
    (void)state;
    struct rng rng;
    struct buf out;

    rng_init(&rng, 3, 3);
    buf_init(&out, (size_t)1 << 20);
    for (int round = 0; round < 60; round++) {
        struct histogram h, back;
        histogram_init(&h);
        histogram_init(&back);
        for (int i = 0; i < round * 40; i++)
            histogram_record_n(&h, rng_next(&rng) >> (32 + rng_below(&rng, 32)),
                               rng_next(&rng) >> (8 + rng_below(&rng, 56)));
        buf_clear(&out);
        assert_true(hlog_encode(&h, &out));
        assert_true(hlog_decode(buf_slice(&out), &back, NULL));
        assert_same_counts(&back, &h);
        if (histogram_total(&h) != 0) {
            assert_int_equal(histogram_slot(back.min), histogram_slot(h.min));
            assert_int_equal(histogram_slot(back.max), histogram_slot(h.max));
        }
        histogram_done(&h);
        histogram_done(&back);
    }
    buf_done(&out);
}

static void a_full_output_is_refused(void **state)
{
    (void)state;
    struct histogram h;
    struct buf out;

    histogram_init(&h);
    histogram_record(&h, 5);
    buf_init(&out, 10);
    assert_false(hlog_encode(&h, &out));
    assert_false(hlog_write_entry(&out, "x", 0, 0, &h));
    buf_done(&out);
    histogram_done(&h);
}

/* Base64 of the compressed form of a plain payload, as a hostile writer would make it. */
static void pack(const uint8_t *plain, size_t len, struct buf *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uLongf size = compressBound(len);
    uint8_t *raw = xcalloc(1, size + 11);

    assert_int_equal(compress(raw + 8, &size, plain, len), Z_OK);
    memcpy(raw, (uint8_t[]){0x1c, 0x84, 0x93, 0x14}, 4);
    for (int i = 0; i < 4; i++)
        raw[4 + i] = (uint8_t)(size >> (24 - 8 * i));
    size_t total = size + 8;
    for (size_t i = 0; i < total; i += 3) {
        uint32_t v = (uint32_t)raw[i] << 16 | (uint32_t)raw[i + 1] << 8 | raw[i + 2];
        char text[4];
        for (int k = 0; k < 4; k++)
            text[k] = i + (size_t)k > total ? '=' : digits[v >> (18 - 6 * k) & 63];
        buf_append(out, text, 4);
    }
    free(raw);
}

#define HEADER(len_hi, len_lo, offset, digits, lowest, ratio)                                      \
    0x1c, 0x84, 0x93, 0x13, 0, 0, len_hi, len_lo, 0, 0, 0, offset, 0, 0, 0, digits, 0, 0, 0, 0, 0, \
        0, 0, lowest, 0, 0, 0, 0, 0xd6, 0x93, 0xa4, 0, ratio, 0xf0, 0, 0, 0, 0, 0, 0

static void hostile_payloads_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[64];
        size_t len;
        const char *says; /* NULL: fine */
    } cases[] = {
        {{HEADER(0, 1, 0, 3, 1, 0x3f), 2},                                           41, NULL               },
        {{HEADER(0, 0, 0, 3, 1, 0x3f)},                                              40, NULL               },
        {{HEADER(0, 1, 0, 3, 1, 0x3f)},                                              39, "not in V2"        },
        {{0x1c, 0x84, 0x93, 0x01},                                                   40, "not in V2"        },
        {{HEADER(0, 2, 0, 3, 1, 0x3f), 2},                                           41, "length field"     },
        {{HEADER(0, 1, 1, 3, 1, 0x3f), 2},                                           41, NULL               },
        {{HEADER(0, 1, 0, 2, 1, 0x3f), 2},                                           41, "another precision"},
        {{HEADER(0, 1, 0, 3, 9, 0x3f), 2},                                           41, "another precision"},
        {{HEADER(0, 1, 0, 3, 1, 0x40), 2},                                           41, "another precision"},
        {{HEADER(0, 1, 0, 3, 1, 0x3f), 0x80},                                        41, "cut off"          },
 /* A run of 2^62 zeros; INT64_MIN; a count behind the last slot; counts beyond 2^63. */
        {{HEADER(0, 9, 0, 3, 1, 0x3f), 255, 255, 255, 255, 255, 255, 255, 255, 127},
         49,                                                                             "more counts"      },
        {{HEADER(0, 9, 0, 3, 1, 0x3f), 255, 255, 255, 255, 255, 255, 255, 255, 255},
         49,                                                                             "more counts"      },
        {{HEADER(0, 4, 0, 3, 1, 0x3f), 0xff, 0xef, 0x02, 2},                         44, "more counts"      },
        {{HEADER(0, 18, 0, 3, 1, 0x3f), 254, 255, 255, 255, 255, 255, 255, 255, 255, 254, 255, 255,
          255, 255, 255, 255, 255, 255},
         58,                                                                             "2^63"             },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf text;
        struct histogram h;
        struct error err = {0};
        histogram_init(&h);
        histogram_record(&h, 77);
        buf_init(&text, 4096);
        pack(cases[i].bytes, cases[i].len, &text);
        bool ok = hlog_decode(buf_slice(&text), &h, &err);
        if ((cases[i].says == NULL) != ok || (!ok && strstr(err.text, cases[i].says) == NULL))
            fail_msg("case %zu: %s", i, err.text);
        if (!ok)
            assert_int_equal(histogram_total(&h), 1); /* nothing was added */
        histogram_done(&h);
        buf_done(&text);
    }
}

static void hostile_text_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "A",
        "====",
        "HIST",
        "HISTFAAA",
        "HISTFAAAAA==",
        "HISTFAAAAF94",
        "HISTEwAAAF94nJNp",
        "!!!!",
        "HISTFAAAAF94nJNp=mSz",
        "HISTFAAAAAB4AQ==",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct histogram h;
        struct error err = {0};
        histogram_init(&h);
        assert_false(hlog_decode(slice_str(texts[i]), &h, &err));
        assert_int_equal(err.code, ERROR_USAGE);
        histogram_done(&h);
    }
}

static void a_zlib_bomb_is_refused(void **state)
{
    (void)state;
    size_t len = (size_t)8 << 20;
    uint8_t *zeros = xcalloc(1, len);
    struct buf text;
    struct histogram h;
    struct error err = {0};

    buf_init(&text, (size_t)1 << 20);
    histogram_init(&h);
    pack(zeros, len, &text);
    assert_false(hlog_decode(buf_slice(&text), &h, &err));
    assert_non_null(strstr(err.text, "zlib"));
    free(zeros);
    buf_done(&text);
    histogram_done(&h);
}

struct seen {
    struct hlog_entry entries[8];
    uint64_t totals[8];
    usec_t p50[8];
    size_t count, stop_after;
};

static bool see(void *arg, const struct hlog_entry *entry)
{
    struct seen *seen = arg;

    assert_true(seen->count < 8);
    seen->entries[seen->count] = *entry;
    seen->totals[seen->count] = histogram_total(entry->histogram);
    seen->p50[seen->count] = histogram_percentile(entry->histogram, 50);
    seen->count++;
    return seen->count != seen->stop_after;
}

static void write_sample(struct buf *out)
{
    struct histogram h;

    histogram_init(&h);
    hlog_write_header(out, "a comment", 1403476110183);
    histogram_record_n(&h, 1500, 3);
    assert_true(hlog_write_entry(out, "command.total", 127000, 1007999, &h));
    histogram_record(&h, 2769004);
    assert_true(hlog_write_entry(out, "odd name,\twith\nall", 1134000, 1000000, &h));
    assert_true(hlog_write_entry(out, NULL, 2134000, 1000000, &h));
    histogram_done(&h);
}

static void a_log_comes_back(void **state)
{
    (void)state;
    struct buf out;
    struct seen seen = {0};
    struct hlog_stats stats;

    buf_init(&out, 65536);
    write_sample(&out);
    static const char expected[] =
        "#[a comment]\n"
        "#[Histogram log format version 1.3]\n"
        "#[BaseTime: 1403476110.183 (seconds since epoch)]\n"
        "#[StartTime: 1403476110.183 (seconds since epoch), 2014-06-22T22:28:30.183Z]\n"
        "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_"
        "Histogram\"\n"
        "Tag=command.total,0.127,1.007,1.500,HISTFAAAA";
    assert_memory_equal(buf_data(&out), expected, sizeof expected - 1);
    assert_true(hlog_read(buf_slice(&out), see, &seen, &stats, NULL));
    assert_int_equal(seen.count, 3);
    assert_int_equal(stats.entries, 3);
    assert_false(stats.truncated);
    assert_string_equal(seen.entries[0].tag, "command.total");
    assert_string_equal(seen.entries[1].tag, "odd_name__with_all");
    assert_string_equal(seen.entries[2].tag, "");
    assert_true(seen.entries[0].start > 1403476110.3099 && seen.entries[0].start < 1403476110.3101);
    assert_true(seen.entries[0].length > 1.0069 && seen.entries[0].length < 1.0071);
    assert_int_equal(seen.totals[0], 3);
    assert_int_equal(seen.totals[1], 4);
    assert_int_equal(seen.p50[0], 1500);
    buf_done(&out);
}

static void reading_stops_when_told(void **state)
{
    (void)state;
    struct buf out;
    struct seen seen = {.stop_after = 2};
    struct hlog_stats stats;

    buf_init(&out, 65536);
    write_sample(&out);
    assert_true(hlog_read(buf_slice(&out), see, &seen, &stats, NULL));
    assert_int_equal(seen.count, 2);
    assert_false(stats.truncated);
    buf_done(&out);
}

static void a_log_cut_anywhere_keeps_its_whole_lines(void **state)
{
    (void)state;
    struct buf out;

    buf_init(&out, 65536);
    write_sample(&out);
    for (size_t len = 0; len < buf_len(&out); len++) {
        struct seen seen = {0};
        struct hlog_stats stats;
        struct error err = {0};
        assert_true(hlog_read(slice_of(buf_data(&out), len), see, &seen, &stats, &err));
        assert_true(stats.truncated == (len != 0 && buf_data(&out)[len - 1] != '\n'));
    }
    buf_done(&out);
}

static void bad_lines_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"\n\nTag=x\n",                                                                            "line 3: nothing follows"},
        {"1,2\n",                                                                                  "line 1: not \"start,"   },
        {"a,1,1," STOCK "\n",                                                                      "line 1: start, length"  },
        {"1,-1,1," STOCK "\n",                                                                     "line 1: start, length"  },
        {"1,1.2.3,1," STOCK "\n",                                                                  "line 1: start, length"  },
        {"1,1,nan," STOCK "\n",                                                                    "line 1: start, length"  },
        {"1,1,1,HIST\n",                                                                           "line 1: histogram"      },
        {"#[StartTime: soon]\n",                                                                   "line 1: the time"       },
        {"#[BaseTime: x (seconds)]\n",                                                             "line 1: the time"       },
        {"Tag=0123456789012345678901234567890123456789012345678901234567890123,1,1,1," STOCK "\n",
         "line 1: the tag is too long"                                                                                      },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct seen seen = {0};
        struct error err = {0};
        assert_false(hlog_read(slice_str(cases[i].text), see, &seen, NULL, &err));
        assert_int_equal(err.code, ERROR_USAGE);
        if (strstr(err.text, cases[i].says) != err.text)
            fail_msg("case %zu: %s", i, err.text);
    }
}

static void starts_are_made_absolute_as_stock_readers_do(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double start;
    } cases[] = {
        {"5,1,1," STOCK "\r\n",                                                         5         },
        {"#[StartTime: 1403476110.5 (seconds)]\n\"StartTimestamp\"\n5,1,1," STOCK "\n",
         1403476115.5                                                                             },
        {"#[StartTime: 1403476110.5 (seconds)]\n1403476120,1,1," STOCK "\n",            1403476120},
        {"#[BaseTime: 1000 (seconds)]\n#[StartTime: 1 x]\n5,1,1," STOCK "\n",           1005      },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct seen seen = {0};
        assert_true(hlog_read(slice_str(cases[i].text), see, &seen, NULL, NULL));
        assert_int_equal(seen.count, 1);
        assert_true(seen.entries[0].start == cases[i].start);
    }
}

static void write_file(const char *path, struct slice s)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(s.data, 1, s.len, file), s.len);
    fclose(file);
}

static void files_are_read_in_pieces(void **state)
{
    (void)state;
    char path[] = "/tmp/hlogXXXXXX";
    int fd = mkstemp(path);
    struct buf out;
    struct seen seen = {0};
    struct hlog_stats stats;
    struct error err = {0};

    assert_true(fd >= 0);
    close(fd);
    buf_init(&out, (size_t)4 << 20);
    for (int i = 0; i < 20000; i++) /* so that lines straddle the pieces */
        buf_append_str(&out, "# filler\n");
    write_sample(&out);
    write_file(path, buf_slice(&out));
    assert_true(hlog_read_file(path, see, &seen, &stats, &err));
    assert_int_equal(seen.count, 3);
    assert_false(stats.truncated);

    buf_append_str(&out, "Tag=cut,1,1,1,HISTFA");
    write_file(path, buf_slice(&out));
    seen.count = 0;
    assert_true(hlog_read_file(path, see, &seen, &stats, &err));
    assert_int_equal(stats.entries, 3);
    assert_true(stats.truncated);

    buf_clear(&out);
    for (int i = 0; i < 3 << 18; i++)
        buf_append_str(&out, "long");
    write_file(path, buf_slice(&out));
    assert_false(hlog_read_file(path, see, &seen, &stats, &err));
    assert_non_null(strstr(err.text, "line 1: too long"));
    unlink(path);
    assert_false(hlog_read_file(path, see, &seen, &stats, &err));
    assert_non_null(strstr(err.text, "No such file"));
    assert_false(hlog_read_file("/tmp", see, &seen, &stats, &err));
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_what_a_stock_tool_wrote),
        cmocka_unit_test(writes_the_compressed_form),
        cmocka_unit_test(any_histogram_comes_back),
        cmocka_unit_test(a_full_output_is_refused),
        cmocka_unit_test(hostile_payloads_are_refused),
        cmocka_unit_test(hostile_text_is_refused),
        cmocka_unit_test(a_zlib_bomb_is_refused),
        cmocka_unit_test(a_log_comes_back),
        cmocka_unit_test(reading_stops_when_told),
        cmocka_unit_test(a_log_cut_anywhere_keeps_its_whole_lines),
        cmocka_unit_test(bad_lines_are_named),
        cmocka_unit_test(starts_are_made_absolute_as_stock_readers_do),
        cmocka_unit_test(files_are_read_in_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
