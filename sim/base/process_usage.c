#include "base/process_usage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static usec_t read_cpu(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

/* The second number of statm: pages in memory. */
static uint64_t read_resident(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file == NULL)
        return 0;
    if (fscanf(file, "%*s %llu", &pages) != 1) // NOLINT(cert-err34-c): the kernel's own text
        pages = 0;
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t count_descriptors(void)
{
    uint64_t count = 0;
    DIR *dir = opendir("/proc/self/fd");

    if (dir == NULL)
        return 0;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count - 1; /* without the one that counted */
}

void process_usage_read_load(struct process_usage *ret)
{
    *ret = (struct process_usage){.cpu = read_cpu(), .resident = read_resident()};
}

/* Of /proc/pid/stat, counted behind the name, which may hold anything. */
enum { STAT_UTIME = 11, STAT_STIME = 12, STAT_RSS = 21 };

bool process_usage_read_of(pid_t pid, struct process_usage *ret)
{
    char path[64], line[1024];
    unsigned long long utime = 0, stime = 0, pages = 0;
    long per_second = sysconf(_SC_CLK_TCK);

    *ret = (struct process_usage){0};
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    FILE *file = pid > 0 && per_second > 0 ? fopen(path, "re") : NULL;
    if (file == NULL)
        return false;
    const char *rest = fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
    fclose(file);
    for (int i = 0; rest != NULL && i <= STAT_RSS; i++) {
        rest = strchr(rest + 1, ' ');
        unsigned long long *to = i == STAT_UTIME   ? &utime
                                 : i == STAT_STIME ? &stime
                                 : i == STAT_RSS   ? &pages
                                                   : NULL;
        if (rest != NULL && to != NULL)
            *to = strtoull(rest + 1, NULL, 10);
    }
    ret->cpu = (usec_t)(utime + stime) * USEC_PER_SEC / (usec_t)per_second;
    ret->resident = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return rest != NULL;
}

void process_usage_read(struct process_usage *ret)
{
    struct rlimit limit;

    process_usage_read_load(ret);
    ret->descriptors = count_descriptors();
    ret->descriptors_max = UINT64_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        ret->descriptors_max = limit.rlim_cur;
}
