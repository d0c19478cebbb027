// Sends one request by WinHTTP and prints the response as it arrives; run by scripts/windows-harness.
//   http.exe METHOD http|https HOST PORT TARGET BODY [any|abort|FILE]     FILE has CA certificates
// With the target /twice it is sent twice, as two exchanges of one program.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "CWindows.h"

static DWORD WINAPI abort_later(void *http) {
  Sleep(700);
  cwindows_http_abort(http);
  return 0;
}

static char *contents(const char *path) {
  static char text[65536];
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  return text;
}

int main(int count, char **arguments) {
  if (count < 7) return 64;
  const char *last = count > 7 ? arguments[7] : "";
  bool is_any = !strcmp(last, "any"), is_abort = !strcmp(last, "abort");
  char *authorities = *last && !is_any && !is_abort ? contents(last) : NULL;
  if (authorities) printf("authorities %d\n", cwindows_http_authorities(authorities));
  struct cwindows_http_request request = {
    .method = arguments[1], .host = arguments[3], .target = arguments[5], .fields = "X-Test: one\r\nX-Other: two\r\n",
    .body = arguments[6], .body_length = (int64_t)strlen(arguments[6]), .port = (uint16_t)atoi(arguments[4]),
    .is_tls = !strcmp(arguments[2], "https"), .accepts_any_certificate = is_any, .authorities = authorities, .timeout_ms = 5000,
    .connect_timeout_ms = 4000, .response_timeout_ms = 5000};
  int32_t status = 0;
  uint32_t error = 0;
  ULONGLONG start = GetTickCount64();
  if (!strcmp(request.target, "/twice")) {
    static char rest[4096];
    cwindows_http *first = cwindows_http_open(&request, &status, &error);
    while (first && cwindows_http_read(first, rest, sizeof rest, &error) > 0) {}
    if (first) cwindows_http_close(first);
  }
  cwindows_http *http = cwindows_http_open(&request, &status, &error);
  printf("status %d\nerror %u\n", status, error);
  if (!http) {
    char text[256];
    cwindows_error_text(error, text, sizeof text);
    printf("took %llu\n", GetTickCount64() - start);
    return 1;
  }
  char value[256] = "";
  printf("field %d %s\n", cwindows_http_field(http, "X-Reply", value, sizeof value), value);
  static char fields[4096];
  int32_t fields_length = cwindows_http_fields(http, fields, sizeof fields);
  printf("fields %d %.*s\n", fields_length == (int32_t)strlen(fields), (int)strcspn(fields, "\r"), fields);
  printf("has field %d\n", strstr(fields, "\r\nX-Reply: yes\r\n") != NULL);
  if (is_abort) CreateThread(NULL, 0, abort_later, http, 0, NULL);
  printf("missing %d\n", cwindows_http_field(http, "X-Nothing", value, sizeof value));
  static char bytes[65536];
  int64_t total = 0, length;
  while ((length = cwindows_http_read(http, bytes, sizeof bytes, &error)) > 0) {
    total += length;
    printf("part %llu %lld %.*s\n", GetTickCount64() - start, length, length > 60 ? 60 : (int)length, bytes);
    fflush(stdout);
  }
  printf("end %lld %u\ntotal %lld\n", length, error, total);
  cwindows_http_close(http);
  return 0;
}
