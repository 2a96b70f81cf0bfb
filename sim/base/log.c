#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_int current = LOG_INFO;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*before_write)(void);
static void (*after_write)(void);

void log_set_level(enum log_level level)
{
    atomic_store(&current, (int)level);
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load(&current);
}

void log_set_hooks(void (*before)(void), void (*after)(void))
{
    pthread_mutex_lock(&lock);
    before_write = before;
    after_write = after;
    pthread_mutex_unlock(&lock);
}

void log_write(enum log_level level, const char *fmt, ...)
{
    static const char *const names[] = {"", "warning: ", "", "debug: "};
    char text[1024];
    va_list ap;

    if (!log_enabled(level))
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&lock);
    if (before_write != NULL)
        before_write();
    fprintf(stderr, "fleetsim: %s%s\n", names[level], text);
    if (after_write != NULL)
        after_write();
    pthread_mutex_unlock(&lock);
}
