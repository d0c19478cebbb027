#include "HTTPTrust.h"

#ifdef _WIN32

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// MARK: Sessions

static SRWLOCK lock = SRWLOCK_INIT;
static struct {
  /// "" for the system's.
  char *authorities;
  HINTERNET session;
} sessions[8];

/// Opens a session with the proxy that the system finds; before Windows 8.1 with the configured one.
static HINTERNET open_session(void) {
  enum { automatic_proxy = 4 };
  static const WCHAR name[] = L"worker-monitoring-agent";
  HINTERNET session = WinHttpOpen(name, automatic_proxy, WINHTTP_NO_PROXY_NAME, WINHTTP_NO_PROXY_BYPASS, 0);
  if (session) return session;
  return WinHttpOpen(name, WINHTTP_ACCESS_TYPE_DEFAULT_PROXY, WINHTTP_NO_PROXY_NAME, WINHTTP_NO_PROXY_BYPASS, 0);
}

HINTERNET windows_session(const struct cwindows_http_request *request, bool *is_own) {
  const char *authorities = request->authorities ? request->authorities : "";
  *is_own = request->accepts_any_certificate;
  if (*is_own) return open_session();
  AcquireSRWLockExclusive(&lock);
  size_t index = 0;
  while (index < sizeof sessions / sizeof *sessions && sessions[index].session &&
         strcmp(sessions[index].authorities, authorities) != 0)
    index++;
  HINTERNET session = NULL;
  if (index == sizeof sessions / sizeof *sessions) {
    *is_own = true;
  } else if (sessions[index].session) {
    session = sessions[index].session;
  } else {
    sessions[index].authorities = _strdup(authorities);
    session = sessions[index].authorities ? open_session() : NULL;
    sessions[index].session = session;
    if (!session) free(sessions[index].authorities);
  }
  ReleaseSRWLockExclusive(&lock);
  return *is_own ? open_session() : session;
}

// MARK: Certificates

/// Adds the certificates of a text to a store; returns their number.
static int32_t add_certificates(HCERTSTORE store, const char *text) {
  static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
  int32_t count = 0;
  for (const char *place = text; (place = strstr(place, begin)) != NULL;) {
    const char *stop = strstr(place, end);
    if (!stop) break;
    stop += sizeof end - 1;
    DWORD length = (DWORD)(stop - place), size = 0;
    if (CryptStringToBinaryA(place, length, CRYPT_STRING_BASE64HEADER, NULL, &size, NULL, NULL)) {
      BYTE *bytes = malloc(size);
      if (bytes && CryptStringToBinaryA(place, length, CRYPT_STRING_BASE64HEADER, bytes, &size, NULL, NULL) &&
          CertAddEncodedCertificateToStore(store, X509_ASN_ENCODING, bytes, size, CERT_STORE_ADD_USE_EXISTING, NULL))
        count++;
      free(bytes);
    }
    place = stop;
  }
  return count;
}

int32_t cwindows_http_authorities(const char *text) {
  HCERTSTORE store = CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, 0, NULL);
  if (!store) return 0;
  int32_t count = add_certificates(store, text);
  CertCloseStore(store, 0);
  return count;
}

/// Whether a certificate leads to a root of an engine, and is that of a host's server.
static bool is_server(HCERTCHAINENGINE engine, const CERT_CONTEXT *certificate, const WCHAR *host) {
  char *usage = szOID_PKIX_KP_SERVER_AUTH;
  CERT_CHAIN_PARA parameters = {.cbSize = sizeof parameters, .RequestedUsage.dwType = USAGE_MATCH_TYPE_OR};
  parameters.RequestedUsage.Usage.cUsageIdentifier = 1;
  parameters.RequestedUsage.Usage.rgpszUsageIdentifier = &usage;
  const CERT_CHAIN_CONTEXT *chain = NULL;
  // The store of the certificate has those that the server sent with it.
  if (!CertGetCertificateChain(engine, certificate, NULL, certificate->hCertStore, &parameters, 0, NULL, &chain)) return false;
  HTTPSPolicyCallbackData server = {.dwAuthType = AUTHTYPE_SERVER, .pwszServerName = (WCHAR *)host};
  server.cbStruct = sizeof server;
  CERT_CHAIN_POLICY_PARA policy = {.cbSize = sizeof policy, .pvExtraPolicyPara = &server};
  CERT_CHAIN_POLICY_STATUS status = {.cbSize = sizeof status};
  // The policy alone does not refuse a chain without a root everywhere.
  bool is_valid = chain->TrustStatus.dwErrorStatus == CERT_TRUST_NO_ERROR &&
    CertVerifyCertificateChainPolicy(CERT_CHAIN_POLICY_SSL, chain, &policy, &status) && status.dwError == 0;
  CertFreeCertificateChain(chain);
  return is_valid;
}

bool windows_is_trusted(const CERT_CONTEXT *certificate, const WCHAR *host, const char *authorities) {
  HCERTSTORE roots = CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, 0, NULL);
  if (!roots) return false;
  bool is_trusted = false;
  HCERTCHAINENGINE engine = NULL;
  // The size of Windows 7, which wine requires.
  CERT_CHAIN_ENGINE_CONFIG config = {.hExclusiveRoot = roots};
  config.cbSize = offsetof(CERT_CHAIN_ENGINE_CONFIG, dwExclusiveFlags);
  // Without roots, the engine would take the system's.
  if (add_certificates(roots, authorities) > 0 && CertCreateCertificateChainEngine(&config, &engine)) {
    is_trusted = is_server(engine, certificate, host);
    CertFreeCertificateChainEngine(engine);
  }
  CertCloseStore(roots, 0);
  return is_trusted;
}

#endif
