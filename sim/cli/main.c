/* main.c — the command line's first word, and nothing else. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd_check.h"
#include "cli/cmd_cloud.h"
#ifdef FLEETSIM_VIEW
#include "cli/cmd_demo.h"
#endif
#include "cli/cmd_job.h"
#include "cli/cmd_load.h"
#include "cli/cmd_pki.h"
#include "cli/cmd_repl.h"
#include "cli/cmd_report.h"
#include "cli/cmd_run.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"run",    cmd_run,    "run Lua scenarios, headless"                        },
    {"load",   cmd_load,   "how many cars and commands a cloud carries"         },
    {"check",  cmd_check,  "what is wrong with scripts, without running them"   },
    {"repl",   cmd_repl,   "Lua, line by line, at a car that is online"         },
#ifdef FLEETSIM_VIEW
    {"demo",   cmd_demo,   "cars on screen, with their cloud and an app"        },
#endif
    {"cloud",  cmd_cloud,  "the local cloud alone, for people who build the app"},
    {"job",    cmd_job,    "jobs of the local cloud: updates for a fleet"       },
    {"pki",    cmd_pki,    "make, issue, export and show certificates"          },
    {"report", cmd_report, "the page of a run; runs merged, runs compared"      },
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void print_help(void)
{
    printf("Usage: fleetsim COMMAND [OPTION]…\n\n"
           "Simulates connected vehicles: each with its own certificate, its own mutual-TLS MQTT\n"
           "connection, its own device shadow and behaviour in Lua.\n\nCommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  %-8s %s\n", commands[i].name, commands[i].help);
    printf(
        "\n  fleetsim COMMAND --help   explains a command, with examples\n"
        "  fleetsim --version\n\n"
        "Exit status: 0 passed; 1 a scenario failed; 2 wrong usage, option or file; 3 an error\n"
        "inside a script; 4 the target could not be reached or refused us; 5 a stated limit was\n"
        "missed; 6 the run is invalid; 124 time limit; 128+n signal n.\n");
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";

    /* A peer that goes away is an error return, not a death. */
    signal(SIGPIPE, SIG_IGN);
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help();
        return argc > 1 ? 0 : 2;
    }
    if (strcmp(name, "--version") == 0) {
        printf("fleetsim %s\n", FLEETSIM_VERSION);
        return 0;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "fleetsim: %s: no such command (try `fleetsim --help`)\n", name);
    return 2;
}
