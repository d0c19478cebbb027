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
    var checkedAt = Clock.monotonic
    var isFailing = false
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
    warnIfShared(files)
  }

  private func warnIfShared(_ files: PEMFiles) {
    if TokenFile.isShared(files.key) {
      report("\(files.key): other users may read or change the key; run chmod 600 \(files.key)")
    }
  }

  private static func state(_ files: PEMFiles) throws(ServerFailure) -> State {
    let contents = try contents(of: files)
    return State(files: files, contexts: try contexts(files, contents), contents: contents)
  }

  /// Uses other files for new connections; if they cannot be used, the last ones stay in use.
  package func replace(_ files: PEMFiles) throws(ServerFailure) {
    guard files != state.withLock({ $0.files }) else { return }
    let new = try Self.state(files)
    state.withLock { $0 = new }
    warnIfShared(files)
  }

  /// The settings for a new connection, of files at most a second old.
  var context: NIOSSLContext { contexts.accepted }

  /// The settings for a connection that is answered with 503 in HTTP/1.1.
  var refusalContext: NIOSSLContext { contexts.refused }

  private var contexts: Contexts {
    let (contexts, message): (Contexts, String?) = state.withLock { state in
      let now = Clock.monotonic
      guard now - state.checkedAt >= pace else { return (state.contexts, nil) }
      state.checkedAt = now
      do throws(ServerFailure) {
        let contents = try Self.contents(of: state.files)
        guard contents != state.contents else {
          state.isFailing = false
          return (state.contexts, nil)
        }
        state = State(
          files: state.files, contexts: try Self.contexts(state.files, contents), contents: contents)
        return (state.contexts, "\(state.files.certificate): the certificate has changed")
      } catch {
        defer { state.isFailing = true }
        return (state.contexts, state.isFailing ? nil : "\(error); the last certificate stays in use")
      }
    }
    if let message { report(message) }
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

  private static func contexts(_ files: PEMFiles, _ contents: [[UInt8]]) throws(ServerFailure) -> Contexts {
    let chain = try certificates(files.certificate, contents[0])
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
