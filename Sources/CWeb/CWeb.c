#include "CWeb.h"

// #embed is C23; clang has it in every mode and calls it an extension in older ones.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char index_html[] = {
#embed "../../web/index.html"
};
static const unsigned char style_css[] = {
#embed "../../web/style.css"
};
static const unsigned char app_js[] = {
#embed "../../web/app.js"
};
static const unsigned char chart_js[] = {
#embed "../../web/chart.js"
};
static const unsigned char format_js[] = {
#embed "../../web/format.js"
};
static const unsigned char favicon_svg[] = {
#embed "../../web/favicon.svg"
};

static const CWebFile files[] = {
    {"index.html", "text/html; charset=utf-8", index_html, sizeof index_html},
    {"style.css", "text/css; charset=utf-8", style_css, sizeof style_css},
    {"app.js", "text/javascript; charset=utf-8", app_js, sizeof app_js},
    {"chart.js", "text/javascript; charset=utf-8", chart_js, sizeof chart_js},
    {"format.js", "text/javascript; charset=utf-8", format_js, sizeof format_js},
    {"favicon.svg", "image/svg+xml", favicon_svg, sizeof favicon_svg},
};

size_t cweb_count(void) { return sizeof files / sizeof *files; }

const CWebFile *cweb_file(size_t index) { return &files[index]; }
