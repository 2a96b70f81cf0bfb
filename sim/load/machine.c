#include "load/machine.h"

#include <stdio.h>
#include <unistd.h>

/* Of the first line of /proc/stat. ORDER: user nice system idle iowait irq softirq steal */
enum { FIELDS = 8, IDLE = 3, IOWAIT = 4 };

usec_t machine_busy(void)
{
    FILE *file = fopen("/proc/stat", "re");
    unsigned long long ticks = 0, field;
    long per_second = sysconf(_SC_CLK_TCK);

    if (file == NULL || per_second <= 0 || fscanf(file, "cpu") != 0) {
        if (file != NULL)
            fclose(file);
        return 0;
    }
    for (int i = 0; i < FIELDS; i++) {
        if (fscanf(file, "%llu", &field) != 1) // NOLINT(cert-err34-c): the kernel's own text
            break;
        ticks += i == IDLE || i == IOWAIT ? 0 : field;
    }
    fclose(file);
    return (usec_t)ticks * USEC_PER_SEC / (usec_t)per_second;
}

unsigned machine_processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n > 0 ? (unsigned)n : 1;
}
