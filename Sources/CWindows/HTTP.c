#include "Calls.h"

#ifdef _WIN32

#include <stdlib.h>
#include <string.h>
#include <winhttp.h>

struct cwindows_http {
  HINTERNET session, connection;
  /// Closed by cwindows_http_abort too, on any thread.
  HINTERNET volatile request;
};

/// Opens a session with the proxy that the system finds; before Windows 8.1 with the configured one.
static HINTERNET open_session(void) {
  enum { automatic_proxy = 4 };
  static const WCHAR name[] = L"worker-monitoring-agent";
  HINTERNET session = WinHttpOpen(name, automatic_proxy, WINHTTP_NO_PROXY_NAME, WINHTTP_NO_PROXY_BYPASS, 0);
  if (session) return session;
  return WinHttpOpen(name, WINHTTP_ACCESS_TYPE_DEFAULT_PROXY, WINHTTP_NO_PROXY_NAME, WINHTTP_NO_PROXY_BYPASS, 0);
}

static bool set_options(HINTERNET handle, const struct cwindows_http_request *request) {
  // A redirect could carry a token to another host.
  DWORD disabled = WINHTTP_DISABLE_REDIRECTS | WINHTTP_DISABLE_COOKIES | WINHTTP_DISABLE_AUTHENTICATION;
  if (!WinHttpSetOption(handle, WINHTTP_OPTION_DISABLE_FEATURE, &disabled, sizeof disabled)) return false;
  // Of the head of a response, 90 s by default.
  DWORD timeout = request->response_timeout_ms ? request->response_timeout_ms : request->timeout_ms;
  if (!WinHttpSetOption(handle, WINHTTP_OPTION_RECEIVE_RESPONSE_TIMEOUT, &timeout, sizeof timeout)) return false;
  if (!request->is_tls || !request->accepts_any_certificate) return true;
  DWORD ignored = SECURITY_FLAG_IGNORE_UNKNOWN_CA | SECURITY_FLAG_IGNORE_CERT_WRONG_USAGE |
    SECURITY_FLAG_IGNORE_CERT_CN_INVALID | SECURITY_FLAG_IGNORE_CERT_DATE_INVALID;
  return WinHttpSetOption(handle, WINHTTP_OPTION_SECURITY_FLAGS, &ignored, sizeof ignored);
}

static int milliseconds(uint32_t value) { return value > INT32_MAX ? INT32_MAX : (int)value; }

/// Sends the request and receives the head of the response.
static bool exchange(cwindows_http *http, const struct cwindows_http_request *request, int32_t *status) {
  WCHAR *host = windows_wide(request->host), *method = windows_wide(request->method);
  WCHAR *target = windows_wide(request->target), *fields = windows_wide(request->fields);
  bool is_done = false;
  http->session = open_session();
  int timeout = milliseconds(request->timeout_ms);
  int connect_timeout = request->connect_timeout_ms ? milliseconds(request->connect_timeout_ms) : timeout;
  if (host && method && target && fields && http->session && request->body_length <= UINT32_MAX &&
      WinHttpSetTimeouts(http->session, connect_timeout, connect_timeout, timeout, timeout)) {
    http->connection = WinHttpConnect(http->session, host, request->port, 0);
    if (http->connection)
      http->request = WinHttpOpenRequest(
        http->connection, method, target, NULL, WINHTTP_NO_REFERER, WINHTTP_DEFAULT_ACCEPT_TYPES,
        request->is_tls ? WINHTTP_FLAG_SECURE : 0);
    DWORD length = (DWORD)request->body_length, code = 0, size = sizeof code;
    is_done = http->request && set_options(http->request, request) &&
      WinHttpSendRequest(
        http->request, fields[0] ? fields : WINHTTP_NO_ADDITIONAL_HEADERS, (DWORD)-1, (void *)request->body, length,
        length, 0) &&
      WinHttpReceiveResponse(http->request, NULL) &&
      WinHttpQueryHeaders(
        http->request, WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER, WINHTTP_HEADER_NAME_BY_INDEX, &code, &size,
        WINHTTP_NO_HEADER_INDEX);
    *status = (int32_t)code;
  } else {
    SetLastError(ERROR_INVALID_PARAMETER);
  }
  DWORD error = GetLastError();
  free(host);
  free(method);
  free(target);
  free(fields);
  SetLastError(error);
  return is_done;
}

cwindows_http *cwindows_http_open(const struct cwindows_http_request *request, int32_t *status, uint32_t *error) {
  cwindows_http *http = calloc(1, sizeof *http);
  *status = 0;
  *error = http ? 0 : ERROR_NOT_ENOUGH_MEMORY;
  if (!http || exchange(http, request, status)) return http;
  *error = GetLastError();
  cwindows_http_close(http);
  return NULL;
}

int64_t cwindows_http_read(cwindows_http *http, void *bytes, int64_t capacity, uint32_t *error) {
  DWORD available = 0, count = 0;
  *error = 0;
  // A read of the whole capacity would wait until it is full.
  if (WinHttpQueryDataAvailable(http->request, &available)) {
    if (available == 0) return 0;
    DWORD wanted = capacity < (int64_t)available ? (DWORD)capacity : available;
    if (WinHttpReadData(http->request, bytes, wanted, &count)) return count;
  }
  *error = GetLastError();
  return -1;
}

bool cwindows_http_field(cwindows_http *http, const char *name, char *value, int32_t capacity) {
  WCHAR *wide = windows_wide(name), text[1024] = L"";
  DWORD size = sizeof text - sizeof *text;
  bool is_known =
    wide && WinHttpQueryHeaders(http->request, WINHTTP_QUERY_CUSTOM, wide, text, &size, WINHTTP_NO_HEADER_INDEX);
  if (is_known) windows_utf8(text, -1, value, capacity);
  free(wide);
  return is_known;
}

int32_t cwindows_http_fields(cwindows_http *http, char *text, int32_t capacity) {
  DWORD size = 0;
  const DWORD what = WINHTTP_QUERY_RAW_HEADERS_CRLF;
  WinHttpQueryHeaders(
    http->request, what, WINHTTP_HEADER_NAME_BY_INDEX, WINHTTP_NO_OUTPUT_BUFFER, &size, WINHTTP_NO_HEADER_INDEX);
  // A server may send any number of fields.
  WCHAR *wide = size > 0 && size <= 1 << 20 ? malloc(size + sizeof *wide) : NULL;
  if (!wide) return -1;
  bool is_known =
    WinHttpQueryHeaders(http->request, what, WINHTTP_HEADER_NAME_BY_INDEX, wide, &size, WINHTTP_NO_HEADER_INDEX);
  if (is_known) windows_utf8(wide, (int)(size / sizeof *wide), text, capacity);
  free(wide);
  return is_known ? (int32_t)strlen(text) : -1;
}

void cwindows_http_abort(cwindows_http *http) {
  HINTERNET request = InterlockedExchangePointer((void *volatile *)&http->request, NULL);
  if (request) WinHttpCloseHandle(request);
}

void cwindows_http_close(cwindows_http *http) {
  cwindows_http_abort(http);
  if (http->connection) WinHttpCloseHandle(http->connection);
  if (http->session) WinHttpCloseHandle(http->session);
  free(http);
}

#endif
