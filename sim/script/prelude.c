#include "script/prelude.h"

const struct prelude_file prelude_files[] = {
    {"=sandbox",      prelude_sandbox,      &prelude_sandbox_len     },
    {"=outcomes",     prelude_outcomes,     &prelude_outcomes_len    },
    {"=part_options", prelude_part_options, &prelude_part_options_len},
    {"=vehicle",      prelude_vehicle,      &prelude_vehicle_len     },
    {"=telemetry",    prelude_telemetry,    &prelude_telemetry_len   },
    {"=car_jobs",     prelude_car_jobs,     &prelude_car_jobs_len    },
    {"=car_streams",  prelude_car_streams,  &prelude_car_streams_len },
    {"=companion",    prelude_companion,    &prelude_companion_len   },
    {"=requests",     prelude_requests,     &prelude_requests_len    },
    {"=jobs",         prelude_jobs,         &prelude_jobs_len        },
    {"=defender",     prelude_defender,     &prelude_defender_len    },
    {"=policies",     prelude_policies,     &prelude_policies_len    },
    {"=groups",       prelude_groups,       &prelude_groups_len      },
    {"=service",      prelude_service,      &prelude_service_len     },
    {"=sms",          prelude_sms,          &prelude_sms_len         },
    {"=remote",       prelude_remote,       &prelude_remote_len      },
    {"=oracle",       prelude_oracle,       &prelude_oracle_len      },
    {"=test",         prelude_test,         &prelude_test_len        },
    {"=fleet",        prelude_fleet,        &prelude_fleet_len       },
    {"=events",       prelude_events,       &prelude_events_len      },
    {"=arrivals",     prelude_arrivals,     &prelude_arrivals_len    },
    {"=steps",        prelude_steps,        &prelude_steps_len       },
    {"=declare",      prelude_declare,      &prelude_declare_len     },
    {"=load",         prelude_load,         &prelude_load_len        },
    {"=search",       prelude_search,       &prelude_search_len      },
    {"=picture",      prelude_picture,      &prelude_picture_len     },
    {"=demo",         prelude_demo,         &prelude_demo_len        },
    {"=repl",         prelude_repl,         &prelude_repl_len        },
};

const size_t prelude_file_count = sizeof prelude_files / sizeof *prelude_files;
