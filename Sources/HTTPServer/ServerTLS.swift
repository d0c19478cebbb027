internal import AgentMetrics
internal import NIOSSL
package import ServerCore
internal import Synchronization
internal import SystemIO

/// The server's certificate and key, read again for new connections when the files change.
///
/// If the new files cannot be used, e.g. since only one of them is written yet, the last ones stay in use.
package final class ServerTLS: ServerEncryption {
  /// The settings of connections, and of those refused: their answer is written as HTTP/1.1.
  private struct Contexts {
    let accepted: NIOSSLContext
    let refused: NIOSSLContext
  }

  private struct State {
    let files: PEMFiles
    let contexts: Contexts
    let contents: [[UInt8]]
    /// Of the certificate, in seconds since 1970.
    let validity: Range<Double>
    var checkedAt = Clock.monotonic
    var isFailing = false
    /// Whether the log has that others may read the key, and that clients refuse the certificate.
    var isShared = false
    var isOutOfTime = false

    /// Lines about a key that others may read and a certificate that clients refuse, each when it begins.
    mutating func warnings() -> [String] {
      let old = (isShared, isOutOfTime)
      let now = Clock.realtime
      isShared = TokenFile.isShared(files.key)
      isOutOfTime = !validity.contains(now)
      var lines: [String] = []
      if isShared, !old.0 {
        lines.append("\(files.key): other users may read or change the key; run chmod 600 \(files.key)")
      }
      if isOutOfTime, !old.1 {
        let reason =
          now < validity.lowerBound
          ? "is not valid before \(Timestamp(seconds: validity.lowerBound).rfc3339)"
          : "has expired at \(Timestamp(seconds: validity.upperBound).rfc3339)"
        lines.append(
          "\(files.certificate): the certificate \(reason), and clients refuse it; renew it, or set the clock")
      }
      return lines
    }
  }

  /// Minimum seconds between two reads of the files.
  private let pace: Double
  private let report: @Sendable (String) -> Void
  private let state: Mutex<State>

  /// Reads the files.
  ///
  /// - Parameter report: logs when the files change, and once when they become unusable.
  package init(
    _ files: PEMFiles, pace: Double = 1, report: @escaping @Sendable (String) -> Void
  ) throws(ServerFailure) {
    self.pace = pace
    self.report = report
    state = Mutex(try Self.state(files))
    for line in state.withLock({ $0.warnings() }) { report(line) }
  }

  private static func state(_ files: PEMFiles) throws(ServerFailure) -> State {
    let contents = try contents(of: files)
    return try Self.state(files, contents)
  }

  private static func state(_ files: PEMFiles, _ contents: [[UInt8]]) throws(ServerFailure) -> State {
    let chain = try certificates(files.certificate, contents[0])
    let (first, last) = (Double(chain[0].notValidBefore), Double(chain[0].notValidAfter))
    return State(
      files: files, contexts: try contexts(files, chain, contents), contents: contents,
      validity: first..<max(first, last))
  }

  /// Uses other files for new connections; if they cannot be used, the last ones stay in use.
  package func replace(_ files: PEMFiles) throws(ServerFailure) {
    guard files != state.withLock({ $0.files }) else { return }
    var new = try Self.state(files)
    let lines = new.warnings()
    state.withLock { [new] in $0 = new }
    for line in lines { report(line) }
  }

  /// The settings for a new connection, of files at most a second old.
  var context: NIOSSLContext { contexts.accepted }

  /// The settings for a connection that is answered with 503 in HTTP/1.1.
  var refusalContext: NIOSSLContext { contexts.refused }

  private var contexts: Contexts {
    let (contexts, messages): (Contexts, [String]) = state.withLock { state in
      let now = Clock.monotonic
      guard now - state.checkedAt >= pace else { return (state.contexts, []) }
      state.checkedAt = now
      do throws(ServerFailure) {
        let contents = try Self.contents(of: state.files)
        guard contents != state.contents else {
          let again = state.isFailing ? "\(state.files.certificate): certificate and key can be read again" : nil
          state.isFailing = false
          return (state.contexts, [again].compactMap(\.self) + state.warnings())
        }
        let wasShared = state.isShared
        state = try Self.state(state.files, contents)
        state.isShared = wasShared
        return (state.contexts, ["\(state.files.certificate): the certificate has changed"] + state.warnings())
      } catch {
        defer { state.isFailing = true }
        let failure = state.isFailing ? [] : ["\(error); the last certificate stays in use"]
        return (state.contexts, failure + state.warnings())
      }
    }
    for message in messages { report(message) }
    return contexts
  }

  private static func contents(of files: PEMFiles) throws(ServerFailure) -> [[UInt8]] {
    var contents: [[UInt8]] = []
    for path in [files.certificate, files.key, files.clientAuthorities].compactMap(\.self) {
      do {
        contents.append(try Files.contents(ofNamed: path))
      } catch {
        throw ServerFailure("\(error)")
      }
    }
    return contents
  }

  private static func contexts(
    _ files: PEMFiles, _ chain: [NIOSSLCertificate], _ contents: [[UInt8]]
  ) throws(ServerFailure) -> Contexts {
    guard let key = try? NIOSSLPrivateKey(bytes: contents[1], format: .pem) else {
      throw ServerFailure("\(files.key): must be a private key in PEM without a passphrase")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["h2", "http/1.1"]
    if let path = files.clientAuthorities {
      configuration.trustRoots = .certificates(try certificates(path, contents[2]))
      // Clients are machines without a name to compare.
      configuration.certificateVerification = .noHostnameVerification
    }
    do {
      let accepted = try NIOSSLContext(configuration: configuration)
      configuration.applicationProtocols = ["http/1.1"]
      return Contexts(accepted: accepted, refused: try NIOSSLContext(configuration: configuration))
    } catch {
      throw ServerFailure("\(files.key): must be the key of the certificate \(files.certificate)")
    }
  }

  private static func certificates(_ path: String, _ bytes: [UInt8]) throws(ServerFailure) -> [NIOSSLCertificate] {
    guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
      throw ServerFailure("\(path): must have certificates in PEM")
    }
    return certificates
  }
}
