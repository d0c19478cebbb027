#include "CWeb.h"

// #embed is C23; clang has it in every mode and calls it an extension in older ones.
#pragma clang diagnostic ignored "-Wc23-extensions"

// The one list of the page's files.
static const CWebFile files[] = {
    {"index.html", (const char[]){
#embed "../../web/index.html" suffix(, 0)
    }},
    {"style.css", (const char[]){
#embed "../../web/style.css" suffix(, 0)
    }},
    {"favicon.svg", (const char[]){
#embed "../../web/favicon.svg" suffix(, 0)
    }},
    {"api.js", (const char[]){
#embed "../../web/api.js" suffix(, 0)
    }},
    {"app.js", (const char[]){
#embed "../../web/app.js" suffix(, 0)
    }},
    {"catalog.js", (const char[]){
#embed "../../web/catalog.js" suffix(, 0)
    }},
    {"chart.js", (const char[]){
#embed "../../web/chart.js" suffix(, 0)
    }},
    {"dom.js", (const char[]){
#embed "../../web/dom.js" suffix(, 0)
    }},
    {"events.js", (const char[]){
#embed "../../web/events.js" suffix(, 0)
    }},
    {"explain.js", (const char[]){
#embed "../../web/explain.js" suffix(, 0)
    }},
    {"feed.js", (const char[]){
#embed "../../web/feed.js" suffix(, 0)
    }},
    {"format.js", (const char[]){
#embed "../../web/format.js" suffix(, 0)
    }},
    {"gestures.js", (const char[]){
#embed "../../web/gestures.js" suffix(, 0)
    }},
    {"heatmap.js", (const char[]){
#embed "../../web/heatmap.js" suffix(, 0)
    }},
    {"panel-compare.js", (const char[]){
#embed "../../web/panel-compare.js" suffix(, 0)
    }},
    {"panel-cpu.js", (const char[]){
#embed "../../web/panel-cpu.js" suffix(, 0)
    }},
    {"panel-events.js", (const char[]){
#embed "../../web/panel-events.js" suffix(, 0)
    }},
    {"panel-gpu.js", (const char[]){
#embed "../../web/panel-gpu.js" suffix(, 0)
    }},
    {"panel-memory.js", (const char[]){
#embed "../../web/panel-memory.js" suffix(, 0)
    }},
    {"panel-network.js", (const char[]){
#embed "../../web/panel-network.js" suffix(, 0)
    }},
    {"panel-alerts.js", (const char[]){
#embed "../../web/panel-alerts.js" suffix(, 0)
    }},
    {"panel-overview.js", (const char[]){
#embed "../../web/panel-overview.js" suffix(, 0)
    }},
    {"panel-processes.js", (const char[]){
#embed "../../web/panel-processes.js" suffix(, 0)
    }},
    {"panel-sensors.js", (const char[]){
#embed "../../web/panel-sensors.js" suffix(, 0)
    }},
    {"panel-storage.js", (const char[]){
#embed "../../web/panel-storage.js" suffix(, 0)
    }},
    {"panel-system.js", (const char[]){
#embed "../../web/panel-system.js" suffix(, 0)
    }},
    {"panel-waste.js", (const char[]){
#embed "../../web/panel-waste.js" suffix(, 0)
    }},
    {"panel-workloads.js", (const char[]){
#embed "../../web/panel-workloads.js" suffix(, 0)
    }},
    {"panel.js", (const char[]){
#embed "../../web/panel.js" suffix(, 0)
    }},
    {"plot.js", (const char[]){
#embed "../../web/plot.js" suffix(, 0)
    }},
    {"save.js", (const char[]){
#embed "../../web/save.js" suffix(, 0)
    }},
    {"series.js", (const char[]){
#embed "../../web/series.js" suffix(, 0)
    }},
    {"store.js", (const char[]){
#embed "../../web/store.js" suffix(, 0)
    }},
    {"stream.js", (const char[]){
#embed "../../web/stream.js" suffix(, 0)
    }},
    {"text.js", (const char[]){
#embed "../../web/text.js" suffix(, 0)
    }},
    {"theme.js", (const char[]){
#embed "../../web/theme.js" suffix(, 0)
    }},
    {"token.js", (const char[]){
#embed "../../web/token.js" suffix(, 0)
    }},
    {"view.js", (const char[]){
#embed "../../web/view.js" suffix(, 0)
    }},
};

size_t cweb_count(void) { return sizeof files / sizeof *files; }

const CWebFile *cweb_file(size_t index) { return &files[index]; }
