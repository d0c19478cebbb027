internal import SystemIO

/// A CA with certificates, made by `openssl` in files of a folder.
package final class TestAuthority {
  package let folder: TemporaryFolder
  /// File with the CA's certificate.
  package var certificates: String { folder.file("ca.pem") }

  /// A certificate of a CA whose key nobody has, for files that are only read.
  package static let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBeDCCAR+gAwIBAgIUTdvhObjhU+NTPx3MDYueXY5yX/8wCgYIKoZIzj0EAwIw
    EjEQMA4GA1UEAwwHVGVzdCBDQTAeFw0yNjExMzAyMzQ0NTBaFw00NjExMjUyMzQ0
    NTBaMBIxEDAOBgNVBAMMB1Rlc3QgQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
    AATUWAQ0AwZ2XoQOWt079C9MQ5Mi2kbttRBpvQoSsHHYIgYupbT+rwt6kFjERr0C
    K/Yk7EEbmIgevv+ofKx/Eprdo1MwUTAdBgNVHQ4EFgQUACcCxwdw81P7/1UvZ1wY
    rEc1kUYwHwYDVR0jBBgwFoAUACcCxwdw81P7/1UvZ1wYrEc1kUYwDwYDVR0TAQH/
    BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiB9LCK9h00wbgS0K576XDJ7TfVHGrFU
    PITeKDDh+1NpAgIgV8ioR2dxMy9iQ8yFYzdgkt0u39oEjTZf7M6JC4zPWlw=
    -----END CERTIFICATE-----

    """

  /// A failed run of `openssl`.
  package struct Failure: Error {
    package let errors: String
  }

  /// Whether this machine can make certificates.
  package static var isAvailable: Bool { Program.path(of: "openssl") != nil }

  package init() throws {
    folder = try TemporaryFolder()
    try openssl(
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem"])
  }

  /// Makes NAME.pem and NAME.key.
  package func issue(_ name: String, names: String = "IP:127.0.0.1,DNS:localhost", days: Int = 2) throws {
    try folder.write("extensions", "subjectAltName=\(names)\n")
    try openssl(
      ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=" + name]
        + ["-keyout", name + ".key", "-out", name + ".csr"])
    try openssl(
      ["x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        + ["-days", "\(days)", "-extfile", "extensions", "-out", name + ".pem"])
  }

  private func openssl(_ arguments: [String]) throws {
    let files: Set = ["-keyout", "-out", "-in", "-CA", "-CAkey", "-extfile"]
    var words = arguments
    for index in words.indices.dropFirst() where files.contains(words[index - 1]) {
      words[index] = folder.file(words[index])
    }
    guard let path = Program.path(of: "openssl") else { throw Failure(errors: "openssl is not installed") }
    let result = try Program(path, words).result()
    guard result.status == 0 else { throw Failure(errors: result.errors) }
  }
}
