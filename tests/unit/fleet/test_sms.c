#include "fleet/sms.h"

#include "metrics/recorder.h"
#include "support/lab.h"

#define MESSAGES 2000

/* What became of each, in virtual time. */
struct office {
    struct lab *lab;
    struct signal_schema *schema;
    struct vehicle *car;
    unsigned texts, by_status[SMS_STATUS_COUNT];
    double longest;
};

static void on_changed(void *ctx, struct vehicle *v)
{
    (void)ctx;
    (void)v;
}

static void on_state(void *ctx, struct vehicle *v, enum tcu_state from, enum tcu_state to)
{
    (void)ctx;
    (void)v;
    (void)from;
    (void)to;
}

static void on_sms(void *ctx, struct vehicle *v, const char *text)
{
    struct office *o = ctx;
    double now = (double)loop_simulated_now(v->sim->loop) / 1e6;

    assert_string_equal(text, "hello");
    o->texts++;
    o->longest = now > o->longest ? now : o->longest;
}

static const struct behaviour_ops behaviour = {
    .changed = on_changed, .state = on_state, .sms = on_sms};

static void on_report(void *ctx, enum sms_status status)
{
    struct office *o = ctx;

    assert_int_not_equal(status, SMS_PENDING);
    o->by_status[status]++;
}

static bool quiet(void *ctx)
{
    (void)ctx;
    return true;
}

static void open_office(struct office *o)
{
    struct error err;

    *o = (struct office){.lab = lab_new(), .schema = signal_schema_new("none")};
    signal_schema_seal(o->schema);
    loop_make_virtual(o->lab->sim->loop, &(struct loop_virtual){.quiet = quiet});
    o->car =
        vehicle_new(o->lab->sim, &(struct vehicle_birth){.schema = o->schema}, &behaviour, o, &err);
    if (o->car == NULL)
        fail_msg("%s", err.text);
}

static void close_office(struct office *o)
{
    vehicle_free(o->car);
    signal_schema_free(o->schema);
    lab_free(o->lab);
}

static void tell(struct office *o, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        sms_send(o->car, &(struct sms_request){.text = "hello", .report = on_report, .ctx = o});
}

static void await_all(struct office *o)
{
    while (o->car->sms != NULL)
        ev_run(o->lab->sim->loop->ev, EVRUN_NOWAIT);
}

static void some_are_lost_and_some_come_twice(void **state)
{
    struct office o;

    (void)state;
    open_office(&o);
    tcu_power_on(o.car->tcu);
    o.lab->sim->sms_options.loss = 0.1;
    o.lab->sim->sms_options.duplicates = 0.2;
    tell(&o, MESSAGES);
    await_all(&o);
    unsigned delivered = o.by_status[SMS_DELIVERED];
    assert_int_equal(delivered + o.by_status[SMS_EXPIRED], MESSAGES);
    assert_in_range(o.by_status[SMS_EXPIRED], MESSAGES * 7 / 100, MESSAGES * 13 / 100);
    assert_in_range(o.texts - delivered, MESSAGES * 14 / 100, MESSAGES * 22 / 100);
    assert_true(o.longest <= 0.8);
    assert_int_equal(recorder_counter(o.lab->sim->recorder, "sms.lost"), o.by_status[SMS_EXPIRED]);
    close_office(&o);
}

static void its_fate_is_the_seed_s(void **state)
{
    unsigned texts[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct office o;
        open_office(&o);
        tcu_power_on(o.car->tcu);
        o.lab->sim->sms_options.loss = 0.5;
        /* Draws of others are no matter. */
        for (int k = 0; k < i * 7; k++)
            rng_next(&o.lab->sim->rng);
        tell(&o, 64);
        await_all(&o);
        texts[i] = o.texts;
        close_office(&o);
    }
    assert_int_equal(texts[0], texts[1]);
    assert_in_range(texts[0], 16, 48);
}

static void half_of_them_take_longer_than_the_median(void **state)
{
    struct office o;
    usec_t half = 0;

    (void)state;
    open_office(&o);
    tcu_power_on(o.car->tcu);
    o.lab->sim->sms_options.median = 5;
    o.lab->sim->sms_options.sigma = 1;
    tell(&o, MESSAGES);
    while (o.car->sms != NULL) {
        ev_run(o.lab->sim->loop->ev, EVRUN_NOWAIT);
        if (half == 0 && o.texts >= MESSAGES / 2)
            half = loop_simulated_now(o.lab->sim->loop);
    }
    assert_in_range(half, 4400 * USEC_PER_MSEC, 5600 * USEC_PER_MSEC);
    assert_true(o.longest > 50); /* a long tail */
    close_office(&o);
}

static void without_power_they_expire(void **state)
{
    struct office o;

    (void)state;
    open_office(&o);
    o.lab->sim->sms_options.validity = 3600;
    tell(&o, 3);
    await_all(&o);
    assert_int_equal(o.by_status[SMS_EXPIRED], 3);
    assert_int_equal(loop_simulated_now(o.lab->sim->loop), 3600 * USEC_PER_SEC);
    assert_int_equal(o.texts, 0);
    close_office(&o);
}

static void a_car_that_goes_fails_them(void **state)
{
    struct office o;

    (void)state;
    open_office(&o);
    tell(&o, 3);
    sms_forget(o.car);
    assert_int_equal(o.by_status[SMS_FAILED], 3);
    close_office(&o);
}

static void by_telephone_number(void **state)
{
    struct office o;

    (void)state;
    open_office(&o);
    assert_ptr_equal(sms_addressee(o.lab->sim, o.car->identity.msisdn), o.car);
    assert_null(sms_addressee(o.lab->sim, "+49"));
    assert_null(sms_addressee(o.lab->sim, ""));
    close_office(&o);
}

static void what_cannot_be(void **state)
{
    static const struct {
        struct sms_options options;
        const char *why;
    } cases[] = {
        {{.low = 2, .high = 1, .validity = 1},      "low first"  },
        {{.low = -1, .high = 1, .validity = 1},     "low first"  },
        {{.median = -1, .validity = 1},             "median"     },
        {{.median = 1, .sigma = 11, .validity = 1}, "sigma"      },
        {{.loss = 1.1, .validity = 1},              "loss: a"    },
        {{.duplicates = -0.1, .validity = 1},       "duplicates:"},
        {{.validity = 0},                           "validity"   },
        {{.validity = 1e9},                         "validity"   },
    };
    struct sms_options fine;
    struct error err;

    (void)state;
    sms_options_defaults(&fine);
    assert_true(sms_options_check(&fine, &err));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(sms_options_check(&cases[i].options, &err));
        assert_non_null(strstr(err.text, cases[i].why));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_are_lost_and_some_come_twice),
        cmocka_unit_test(its_fate_is_the_seed_s),
        cmocka_unit_test(half_of_them_take_longer_than_the_median),
        cmocka_unit_test(without_power_they_expire),
        cmocka_unit_test(a_car_that_goes_fails_them),
        cmocka_unit_test(by_telephone_number),
        cmocka_unit_test(what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
