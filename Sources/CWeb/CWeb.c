#include "CWeb.h"

// #embed is C23; clang has it in every mode and calls it an extension in older ones.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char index_html[] = {
#embed "../../web/index.html"
};
static const unsigned char style_css[] = {
#embed "../../web/style.css"
};
static const unsigned char api_js[] = {
#embed "../../web/api.js"
};
static const unsigned char app_js[] = {
#embed "../../web/app.js"
};
static const unsigned char chart_js[] = {
#embed "../../web/chart.js"
};
static const unsigned char dom_js[] = {
#embed "../../web/dom.js"
};
static const unsigned char feed_js[] = {
#embed "../../web/feed.js"
};
static const unsigned char format_js[] = {
#embed "../../web/format.js"
};
static const unsigned char gestures_js[] = {
#embed "../../web/gestures.js"
};
static const unsigned char heatmap_js[] = {
#embed "../../web/heatmap.js"
};
static const unsigned char panel_cpu_js[] = {
#embed "../../web/panel-cpu.js"
};
static const unsigned char panel_gpu_js[] = {
#embed "../../web/panel-gpu.js"
};
static const unsigned char panel_memory_js[] = {
#embed "../../web/panel-memory.js"
};
static const unsigned char panel_network_js[] = {
#embed "../../web/panel-network.js"
};
static const unsigned char panel_overview_js[] = {
#embed "../../web/panel-overview.js"
};
static const unsigned char panel_processes_js[] = {
#embed "../../web/panel-processes.js"
};
static const unsigned char panel_sensors_js[] = {
#embed "../../web/panel-sensors.js"
};
static const unsigned char panel_storage_js[] = {
#embed "../../web/panel-storage.js"
};
static const unsigned char panel_system_js[] = {
#embed "../../web/panel-system.js"
};
static const unsigned char panel_js[] = {
#embed "../../web/panel.js"
};
static const unsigned char plot_js[] = {
#embed "../../web/plot.js"
};
static const unsigned char series_js[] = {
#embed "../../web/series.js"
};
static const unsigned char store_js[] = {
#embed "../../web/store.js"
};
static const unsigned char stream_js[] = {
#embed "../../web/stream.js"
};
static const unsigned char text_js[] = {
#embed "../../web/text.js"
};
static const unsigned char theme_js[] = {
#embed "../../web/theme.js"
};
static const unsigned char token_js[] = {
#embed "../../web/token.js"
};
static const unsigned char view_js[] = {
#embed "../../web/view.js"
};
static const unsigned char favicon_svg[] = {
#embed "../../web/favicon.svg"
};

#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"
#define SVG "image/svg+xml"

static const CWebFile files[] = {
    {"index.html", HTML, index_html, sizeof index_html},
    {"style.css", CSS, style_css, sizeof style_css},
    {"api.js", SCRIPT, api_js, sizeof api_js},
    {"app.js", SCRIPT, app_js, sizeof app_js},
    {"chart.js", SCRIPT, chart_js, sizeof chart_js},
    {"dom.js", SCRIPT, dom_js, sizeof dom_js},
    {"feed.js", SCRIPT, feed_js, sizeof feed_js},
    {"format.js", SCRIPT, format_js, sizeof format_js},
    {"gestures.js", SCRIPT, gestures_js, sizeof gestures_js},
    {"heatmap.js", SCRIPT, heatmap_js, sizeof heatmap_js},
    {"panel-cpu.js", SCRIPT, panel_cpu_js, sizeof panel_cpu_js},
    {"panel-gpu.js", SCRIPT, panel_gpu_js, sizeof panel_gpu_js},
    {"panel-memory.js", SCRIPT, panel_memory_js, sizeof panel_memory_js},
    {"panel-network.js", SCRIPT, panel_network_js, sizeof panel_network_js},
    {"panel-overview.js", SCRIPT, panel_overview_js, sizeof panel_overview_js},
    {"panel-processes.js", SCRIPT, panel_processes_js, sizeof panel_processes_js},
    {"panel-sensors.js", SCRIPT, panel_sensors_js, sizeof panel_sensors_js},
    {"panel-storage.js", SCRIPT, panel_storage_js, sizeof panel_storage_js},
    {"panel-system.js", SCRIPT, panel_system_js, sizeof panel_system_js},
    {"panel.js", SCRIPT, panel_js, sizeof panel_js},
    {"plot.js", SCRIPT, plot_js, sizeof plot_js},
    {"series.js", SCRIPT, series_js, sizeof series_js},
    {"store.js", SCRIPT, store_js, sizeof store_js},
    {"stream.js", SCRIPT, stream_js, sizeof stream_js},
    {"text.js", SCRIPT, text_js, sizeof text_js},
    {"theme.js", SCRIPT, theme_js, sizeof theme_js},
    {"token.js", SCRIPT, token_js, sizeof token_js},
    {"view.js", SCRIPT, view_js, sizeof view_js},
    {"favicon.svg", SVG, favicon_svg, sizeof favicon_svg},
};

size_t cweb_count(void) { return sizeof files / sizeof *files; }

const CWebFile *cweb_file(size_t index) { return &files[index]; }
