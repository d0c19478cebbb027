#include "HTTPTrust.h"

#ifdef _WIN32

#include <stdlib.h>
#include <string.h>

struct cwindows_http {
  /// NULL for a session of the process.
  HINTERNET own_session;
  HINTERNET connection;
  /// While the request is sent: CA certificates, and whether they have verified or refused the server.
  const char *authorities;
  const WCHAR *host;
  bool is_verified, is_refused;
  /// Closed by cwindows_http_abort too, on any thread.
  HINTERNET volatile request;
};

/// Verifies the server after the handshake and before the request, which may carry a token.
static void CALLBACK check_server(HINTERNET handle, DWORD_PTR context, DWORD status, void *information, DWORD length) {
  (void)information, (void)length;
  cwindows_http *http = (cwindows_http *)context;
  if (status != WINHTTP_CALLBACK_STATUS_SENDING_REQUEST || !http || !http->request) return;
  const CERT_CONTEXT *certificate = NULL;
  DWORD size = sizeof certificate;
  http->is_verified = WinHttpQueryOption(handle, WINHTTP_OPTION_SERVER_CERT_CONTEXT, &certificate, &size) && certificate &&
    windows_is_trusted(certificate, http->host, http->authorities);
  if (certificate) CertFreeCertificateContext(certificate);
  http->is_refused = !http->is_verified;
  if (http->is_refused) cwindows_http_abort(http);
}

/// Accepts any certificate.
static bool ignore_certificates(HINTERNET handle) {
  DWORD ignored = SECURITY_FLAG_IGNORE_UNKNOWN_CA | SECURITY_FLAG_IGNORE_CERT_WRONG_USAGE |
    SECURITY_FLAG_IGNORE_CERT_CN_INVALID | SECURITY_FLAG_IGNORE_CERT_DATE_INVALID;
  return WinHttpSetOption(handle, WINHTTP_OPTION_SECURITY_FLAGS, &ignored, sizeof ignored);
}

/// Leaves the verification to `check_server`: WinHTTP knows the system's CAs only.
static bool set_authorities(HINTERNET handle) {
  return ignore_certificates(handle) &&
    WinHttpSetStatusCallback(handle, check_server, WINHTTP_CALLBACK_FLAG_SEND_REQUEST, 0) !=
    WINHTTP_INVALID_STATUS_CALLBACK;
}

static bool set_options(HINTERNET handle, const struct cwindows_http_request *request) {
  // A redirect could carry a token to another host.
  DWORD disabled = WINHTTP_DISABLE_REDIRECTS | WINHTTP_DISABLE_COOKIES | WINHTTP_DISABLE_AUTHENTICATION;
  if (!WinHttpSetOption(handle, WINHTTP_OPTION_DISABLE_FEATURE, &disabled, sizeof disabled)) return false;
  // Of the head of a response, 90 s by default.
  DWORD timeout = request->response_timeout_ms ? request->response_timeout_ms : request->timeout_ms;
  if (!WinHttpSetOption(handle, WINHTTP_OPTION_RECEIVE_RESPONSE_TIMEOUT, &timeout, sizeof timeout)) return false;
  return !request->is_tls || !request->accepts_any_certificate || ignore_certificates(handle);
}

static int milliseconds(uint32_t value) { return value > INT32_MAX ? INT32_MAX : (int)value; }

/// Sends the request and receives the head of the response.
static bool exchange(cwindows_http *http, const struct cwindows_http_request *request, int32_t *status) {
  WCHAR *host = windows_wide(request->host), *method = windows_wide(request->method);
  WCHAR *target = windows_wide(request->target), *fields = windows_wide(request->fields);
  bool is_done = false;
  bool is_own = false;
  HINTERNET session = windows_session(request, &is_own);
  if (is_own) http->own_session = session;
  bool has_authorities = request->is_tls && request->authorities && !request->accepts_any_certificate;
  http->authorities = request->authorities;
  http->host = host;
  int timeout = milliseconds(request->timeout_ms);
  int connect_timeout = request->connect_timeout_ms ? milliseconds(request->connect_timeout_ms) : timeout;
  if (host && method && target && fields && session && request->body_length <= UINT32_MAX) {
    http->connection = WinHttpConnect(session, host, request->port, 0);
    if (http->connection)
      http->request = WinHttpOpenRequest(
        http->connection, method, target, NULL, WINHTTP_NO_REFERER, WINHTTP_DEFAULT_ACCEPT_TYPES,
        request->is_tls ? WINHTTP_FLAG_SECURE : 0);
    DWORD length = (DWORD)request->body_length, code = 0, size = sizeof code;
    is_done = http->request && set_options(http->request, request) &&
      WinHttpSetTimeouts(http->request, connect_timeout, connect_timeout, timeout, timeout) &&
      (!has_authorities || set_authorities(http->request)) &&
      WinHttpSendRequest(
        http->request, fields[0] ? fields : WINHTTP_NO_ADDITIONAL_HEADERS, (DWORD)-1, (void *)request->body, length,
        length, (DWORD_PTR)http) &&
      (!has_authorities || http->is_verified) && WinHttpReceiveResponse(http->request, NULL) &&
      WinHttpQueryHeaders(
        http->request, WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER, WINHTTP_HEADER_NAME_BY_INDEX, &code, &size,
        WINHTTP_NO_HEADER_INDEX);
    *status = (int32_t)code;
  } else {
    SetLastError(ERROR_INVALID_PARAMETER);
  }
  DWORD error = http->is_refused ? ERROR_WINHTTP_SECURE_FAILURE : GetLastError();
  // A kept request must not call back with a text that is gone.
  if (has_authorities && http->request) WinHttpSetStatusCallback(http->request, NULL, 0, 0);
  http->authorities = NULL;
  http->host = NULL;
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
  if (http->own_session) WinHttpCloseHandle(http->own_session);
  free(http);
}

#endif
