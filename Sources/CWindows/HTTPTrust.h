#ifndef CWINDOWS_HTTP_TRUST_H
#define CWINDOWS_HTTP_TRUST_H

#ifdef _WIN32
#include "Calls.h"

#include <wincrypt.h>
#include <winhttp.h>

/// Returns a session of WinHTTP; NULL on failure.
///
/// A session keeps connections open after their responses, so the process has one for each text of CA certificates: a
/// connection that one of them verified must not serve a request that wants another. `is_own` is set for a session that the
/// caller closes.
HINTERNET windows_session(const struct cwindows_http_request *request, bool *is_own);

/// Whether a certificate is that of a host's server, valid now, and leads to one of the CA certificates of a text (PEM).
bool windows_is_trusted(const CERT_CONTEXT *certificate, const WCHAR *host, const char *authorities);
#endif

#endif
