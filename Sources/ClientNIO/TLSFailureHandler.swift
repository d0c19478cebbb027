internal import ClientHTTP
internal import NIOCore
internal import NIOSSL
internal import Synchronization
internal import SystemIO

/// First failure of TLS on a connection.
///
/// Afterwards the connection is closed, and what is written to it fails for reasons that say less.
final class TLSFailure: Sendable {
  private let first = Mutex<ClientFailure?>(nil)

  var failure: ClientFailure? { first.withLock { $0 } }

  fileprivate func set(_ failure: ClientFailure) {
    first.withLock { first in if first == nil { first = failure } }
  }
}

/// Words the failures of TLS, which name codes and source files of BoringSSL, for the user.
final class TLSFailureHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let host: String
  private let distrust: String
  private let failure: TLSFailure

  /// - Parameters:
  ///   - host: that the URL names.
  ///   - distrust: why a certificate is not trusted that has neither expired nor another name.
  init(host: String, distrust: String, _ failure: TLSFailure) {
    (self.host, self.distrust, self.failure) = (host, distrust, failure)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let text = text(of: error, context) else { return context.fireErrorCaught(error) }
    let worded = ClientFailure(text, isTLS: true)
    failure.set(worded)
    context.fireErrorCaught(worded)
  }

  /// Returns nil for an error of something else.
  private func text(of error: any Error, _ context: ChannelHandlerContext) -> String? {
    switch error {
    case let error as NIOSSLExtraError
    where error == .failedToValidateHostname || error == .serverHostnameImpossibleToMatch:
      return "the certificate is not for \(host), but for other names"
    case NIOSSLError.handshakeFailed(.sslError([.eofDuringHandshake])):
      return "the connection was cut in the TLS handshake"
    case NIOSSLError.handshakeFailed(let error): return line(of: error, context)
    case let error as BoringSSLError: return line(of: error, context)
    default: return nil
    }
  }

  private func line(of error: BoringSSLError, _ context: ChannelHandlerContext) -> String {
    // `error:CODE:LIBRARY:FUNCTION:REASON at FILE:LINE`.
    let reason = "\(error)".split(separator: ":").map { $0.prefix { $0 != " " } }.first { word in
      // Not the code and not `SSL routines`.
      word.utf8.count > 4 && word.utf8.first.map { (0x41...0x5A).contains($0) } == true
        && word.utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }
    switch reason {
    case "CERTIFICATE_VERIFY_FAILED"?:
      let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
      let now = Int(Clock.realtime)
      if let certificate, Int(certificate.notValidAfter) < now { return "the certificate has expired" }
      if let certificate, Int(certificate.notValidBefore) > now {
        return "the certificate is not valid yet; or this machine's clock is behind"
      }
      return distrust
    case "WRONG_VERSION_NUMBER"?, "HTTP_REQUEST"?: return "no TLS: the server speaks another protocol; is it http://?"
    case "TLSV1_ALERT_CERTIFICATE_REQUIRED"?, "TLSV13_ALERT_CERTIFICATE_REQUIRED"?:
      return "the server requires a client certificate"
    case let reason?:
      return "TLS failed: " + reason.lowercased().split(separator: "_").joined(separator: " ")
    case nil: return "TLS failed"
    }
  }
}
