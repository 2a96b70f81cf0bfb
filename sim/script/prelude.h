/*
 * prelude.h — the half of the scripting API that is Lua, as the build compiles it into the program.
 */
#ifndef SCRIPT_PRELUDE_H
#define SCRIPT_PRELUDE_H

#include <stddef.h>

struct prelude_file {
    const char *name; /* as error messages have it: "=sandbox" */
    const unsigned char *text;
    const size_t *len;
};

/* In the order in which they run. */
extern const struct prelude_file prelude_files[];
extern const size_t prelude_file_count;

extern const unsigned char prelude_remote[];
extern const size_t prelude_remote_len;
extern const unsigned char prelude_car_https[];
extern const size_t prelude_car_https_len;
extern const unsigned char prelude_sandbox[], prelude_outcomes[], prelude_vehicle[],
    prelude_telemetry[], prelude_companion[], prelude_service[], prelude_sms[], prelude_oracle[],
    prelude_test[], prelude_fleet[], prelude_events[], prelude_arrivals[], prelude_steps[],
    prelude_declare[], prelude_load[], prelude_search[], prelude_picture[], prelude_demo[],
    prelude_repl[], prelude_part_options[], prelude_car_jobs[], prelude_car_streams[],
    prelude_requests[], prelude_jobs[], prelude_policies[], prelude_groups[], prelude_defender[],
    prelude_diagnostics[], prelude_registry[], prelude_car_rotation[], prelude_model[],
    prelude_act[], prelude_car_mqtt[], prelude_outlook[], prelude_campaigns[];
extern const size_t prelude_model_len, prelude_act_len, prelude_car_mqtt_len, prelude_outlook_len,
    prelude_sandbox_len, prelude_outcomes_len, prelude_vehicle_len, prelude_telemetry_len,
    prelude_companion_len, prelude_service_len, prelude_sms_len, prelude_oracle_len,
    prelude_test_len, prelude_fleet_len, prelude_events_len, prelude_arrivals_len,
    prelude_steps_len, prelude_declare_len, prelude_load_len, prelude_search_len,
    prelude_picture_len, prelude_demo_len, prelude_car_jobs_len, prelude_car_streams_len,
    prelude_requests_len, prelude_registry_len, prelude_defender_len, prelude_diagnostics_len,
    prelude_jobs_len, prelude_policies_len, prelude_groups_len, prelude_repl_len,
    prelude_part_options_len, prelude_car_rotation_len, prelude_campaigns_len;

#endif
