#include "render/window.h"

#include <ctype.h>
#include <SDL.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xmem.h"

struct window {
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture;
    int width, height; /* of the texture */
};

struct window *window_open(const char *title, int width, int height, struct error *err)
{
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
    if (SDL_Init(SDL_INIT_VIDEO) != 0) {
        error_set(err, ERROR_FAILED, "no window: %s (--headless works without a screen)",
                  SDL_GetError());
        return NULL;
    }
    struct window *w = xcalloc(1, sizeof *w);
    w->window = SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, width,
                                 height, SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
    if (w->window != NULL)
        w->renderer = SDL_CreateRenderer(w->window, -1, SDL_RENDERER_PRESENTVSYNC);
    if (w->window != NULL && w->renderer == NULL)
        w->renderer = SDL_CreateRenderer(w->window, -1, SDL_RENDERER_SOFTWARE);
    if (w->renderer == NULL) {
        error_set(err, ERROR_FAILED, "no window: %s (--headless works without a screen)",
                  SDL_GetError());
        window_close(w);
        return NULL;
    }
    SDL_EventState(SDL_MOUSEMOTION, SDL_IGNORE); /* hundreds a second, for nothing */
    return w;
}

void window_close(struct window *w)
{
    if (w == NULL)
        return;
    if (w->texture != NULL)
        SDL_DestroyTexture(w->texture);
    if (w->renderer != NULL)
        SDL_DestroyRenderer(w->renderer);
    if (w->window != NULL)
        SDL_DestroyWindow(w->window);
    SDL_Quit();
    free(w);
}

void window_size(struct window *w, int *ret_width, int *ret_height)
{
    if (SDL_GetRendererOutputSize(w->renderer, ret_width, ret_height) != 0)
        SDL_GetWindowSize(w->window, ret_width, ret_height);
}

static bool make_texture(struct window *w, int width, int height)
{
    if (w->texture != NULL && w->width == width && w->height == height)
        return true;
    if (w->texture != NULL)
        SDL_DestroyTexture(w->texture);
    w->texture = SDL_CreateTexture(w->renderer, SDL_PIXELFORMAT_RGB888, SDL_TEXTUREACCESS_STREAMING,
                                   width, height);
    w->width = width;
    w->height = height;
    return w->texture != NULL;
}

void window_show(struct window *w, cairo_surface_t *surface, const struct view_box *boxes,
                 size_t count)
{
    int width = cairo_image_surface_get_width(surface);
    int height = cairo_image_surface_get_height(surface);
    int stride = cairo_image_surface_get_stride(surface);
    struct view_box all = {0, 0, width, height};
    bool same = w->texture != NULL && w->width == width && w->height == height;

    if (!make_texture(w, width, height))
        return;
    if (!same) {
        boxes = &all;
        count = 1;
    }
    cairo_surface_flush(surface);
    const unsigned char *data = cairo_image_surface_get_data(surface);
    for (size_t i = 0; i < count; i++) {
        SDL_Rect r = {boxes[i].x, boxes[i].y, boxes[i].w, boxes[i].h};
        SDL_UpdateTexture(w->texture, &r, data + (ptrdiff_t)r.y * stride + (ptrdiff_t)r.x * 4,
                          stride);
    }
    SDL_RenderCopy(w->renderer, w->texture, NULL, NULL);
    SDL_RenderPresent(w->renderer);
}

/* ---- events ---- */

static void take_key(const SDL_KeyboardEvent *key, struct window_event *ret)
{
    const char *name = SDL_GetKeyName(key->keysym.sym);
    size_t i = 0;

    ret->what = WINDOW_KEY;
    for (; name[i] != '\0' && i + 1 < sizeof ret->key; i++)
        ret->key[i] = (char)tolower((unsigned char)name[i]);
    ret->key[i] = '\0';
}

static void take_click(struct window *w, const SDL_MouseButtonEvent *button,
                       struct window_event *ret)
{
    int points_w, points_h, pixels_w, pixels_h;

    SDL_GetWindowSize(w->window, &points_w, &points_h);
    window_size(w, &pixels_w, &pixels_h);
    ret->what = WINDOW_CLICK;
    ret->x = button->x * (double)pixels_w / (points_w > 0 ? points_w : 1);
    ret->y = button->y * (double)pixels_h / (points_h > 0 ? points_h : 1);
}

static void take_window(struct window *w, const SDL_WindowEvent *event, struct window_event *ret)
{
    if (event->event == SDL_WINDOWEVENT_SIZE_CHANGED || event->event == SDL_WINDOWEVENT_EXPOSED) {
        ret->what = WINDOW_RESIZED;
        window_size(w, &ret->width, &ret->height);
    }
}

static void take(struct window *w, const SDL_Event *event, struct window_event *ret)
{
    switch (event->type) {
    case SDL_QUIT:
        ret->what = WINDOW_QUIT;
        break;
    case SDL_KEYDOWN:
        if (event->key.repeat == 0)
            take_key(&event->key, ret);
        break;
    case SDL_MOUSEBUTTONDOWN:
        if (event->button.button == SDL_BUTTON_LEFT)
            take_click(w, &event->button, ret);
        break;
    case SDL_WINDOWEVENT:
        take_window(w, &event->window, ret);
        break;
    default:
        break;
    }
}

void window_wait(struct window *w, int ms, struct window_event *ret)
{
    SDL_Event event;

    *ret = (struct window_event){.what = WINDOW_NOTHING};
    if (SDL_WaitEventTimeout(&event, ms < 1 ? 1 : ms))
        take(w, &event, ret);
}

bool window_poll(struct window *w, struct window_event *ret)
{
    SDL_Event event;

    *ret = (struct window_event){.what = WINDOW_NOTHING};
    if (!SDL_PollEvent(&event))
        return false;
    take(w, &event, ret);
    return true;
}

/* One that is pending is enough: whoever takes it looks at all that is new. */
void window_wake(void)
{
    SDL_Event event = {.type = SDL_USEREVENT};

    if (!SDL_HasEvent(SDL_USEREVENT))
        SDL_PushEvent(&event);
}

void window_hide(struct window *w)
{
    SDL_HideWindow(w->window);
}

void window_toggle_full_screen(struct window *w)
{
    bool full = (SDL_GetWindowFlags(w->window) & SDL_WINDOW_FULLSCREEN_DESKTOP) != 0;

    SDL_SetWindowFullscreen(w->window, full ? 0 : SDL_WINDOW_FULLSCREEN_DESKTOP);
}
