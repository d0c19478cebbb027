internal import ClientHTTP
internal import NIOCore
internal import NIOSSL
internal import Synchronization
internal import SystemIO

/// TLS settings of a client's connection.
struct ClientTLS: Sendable {
  private let context: NIOSSLContext
  /// The certificate that the server must have, in place of all other verification; nil to verify by CA and name.
  private let pinned: NIOSSLCertificate?
  /// Why a certificate is not trusted that has neither expired nor another name.
  let distrust: String

  /// - Parameters:
  ///   - authorities: file with CA certificates (PEM); nil for the system's.
  ///   - certificate: file with the certificate (PEM) that the server must have instead; nil to verify it.
  ///   - option: of the program that gives the authorities; nil without one.
  init(authorities: String?, certificate: String? = nil, option: String? = nil) throws {
    pinned = try certificate.map { path in
      guard let bytes = try? Files.contents(ofNamed: path),
        let certificate = try? NIOSSLCertificate.fromPEMBytes(bytes).first
      else {
        throw ClientFailure("\(path): no certificate can be read to recognize the server")
      }
      return certificate
    }
    distrust =
      if let certificate {
        "the certificate is not that of \(certificate)"
      } else if let authorities {
        "the certificate is not signed by a CA of \(authorities)"
      } else {
        "the certificate is not signed by a known CA" + (option.map { "; \($0) names another" } ?? "")
      }
    context = try Self.context(Trust(authorities: authorities, isPinned: certificate != nil))
  }

  /// Creates the handler of a connection.
  ///
  /// - Parameter serverHostname: name for Server Name Indication and verification; nil for a server with an address.
  func handler(serverHostname: String?) throws -> NIOSSLClientHandler {
    guard let pinned else { return try NIOSSLClientHandler(context: context, serverHostname: serverHostname) }
    return try NIOSSLClientHandler(context: context, serverHostname: serverHostname) { certificates, result in
      result.succeed(certificates.first == pinned ? .certificateVerified : .failed)
    }
  }

  private struct Trust: Hashable {
    let authorities: String?
    let isPinned: Bool
  }

  private struct Known {
    /// Of the file; nil for the system's authorities, and those of a folder.
    let contents: [UInt8]?
    let context: NIOSSLContext
  }

  /// The last usable context of each.
  private static let contexts = Mutex<[Trust: Known]>([:])

  /// A context with the authorities that the file has now; with the last usable ones where it has none.
  private static func context(_ trust: Trust) throws -> NIOSSLContext {
    let known = contexts.withLock { $0[trust] }
    do {
      let contents = try trust.authorities.flatMap { path in try Self.contents(of: path) }
      if let known, known.contents == contents { return known.context }
      var configuration = TLSConfiguration.makeClientConfiguration()
      if trust.isPinned { configuration.certificateVerification = .noHostnameVerification }
      if let authorities = trust.authorities { configuration.trustRoots = .file(authorities) }
      configuration.applicationProtocols = ["http/1.1"]
      let context = try NIOSSLContext(configuration: configuration)
      contexts.withLock { $0[trust] = Known(contents: contents, context: context) }
      return context
    } catch {
      if let known { return known.context }
      throw error
    }
  }

  /// Contents of a file with certificates; nil of a folder, which BoringSSL reads, too.
  private static func contents(of path: String) throws(SystemError) -> [UInt8]? {
    do throws(SystemError) {
      // BoringSSL would wait for a named pipe's writer, and read a device without end.
      return try Files.contents(ofNamed: path, atMost: 4 << 20)
    } catch {
      guard error.code == ErrorCode.isFolder else { throw error }
      return nil
    }
  }
}
