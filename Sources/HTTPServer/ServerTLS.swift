internal import NIOSSL
package import ServerCore
internal import Synchronization
internal import SystemIO

/// The server's certificate and key, read again for new connections when the files change.
///
/// If the new files cannot be used, e.g. since only one of them is written yet, the last ones stay in use.
package final class ServerTLS: ServerEncryption {
  private struct State {
    let context: NIOSSLContext
    let contents: [[UInt8]]
    var checkedAt = Clock.monotonic
    var isFailing = false
  }

  /// Minimum seconds between two reads of the files.
  private let pace: Double
  private let files: PEMFiles
  private let report: @Sendable (String) -> Void
  private let state: Mutex<State>

  /// Reads the files.
  ///
  /// - Parameter report: logs when the files change, and once when they become unusable.
  package init(
    _ files: PEMFiles, pace: Double = 1, report: @escaping @Sendable (String) -> Void
  ) throws(ServerFailure) {
    self.files = files
    self.pace = pace
    self.report = report
    let contents = try Self.contents(of: files)
    state = Mutex(State(context: try Self.context(files, contents), contents: contents))
    if TokenFile.isShared(files.key) {
      report("\(files.key): other users may read the key; run chmod 600 \(files.key)")
    }
  }

  /// The settings for a new connection, of files at most a second old.
  var context: NIOSSLContext {
    let (context, message): (NIOSSLContext, String?) = state.withLock { state in
      let now = Clock.monotonic
      guard now - state.checkedAt >= pace else { return (state.context, nil) }
      state.checkedAt = now
      do throws(ServerFailure) {
        let contents = try Self.contents(of: files)
        guard contents != state.contents else {
          state.isFailing = false
          return (state.context, nil)
        }
        state = State(context: try Self.context(files, contents), contents: contents)
        return (state.context, "\(files.certificate): the certificate has changed")
      } catch {
        defer { state.isFailing = true }
        return (state.context, state.isFailing ? nil : "\(error); the last certificate stays in use")
      }
    }
    if let message { report(message) }
    return context
  }

  private static func contents(of files: PEMFiles) throws(ServerFailure) -> [[UInt8]] {
    var contents: [[UInt8]] = []
    for path in [files.certificate, files.key, files.clientAuthorities].compactMap(\.self) {
      do {
        contents.append(try Files.contents(of: path))
      } catch {
        throw ServerFailure("\(error)")
      }
    }
    return contents
  }

  private static func context(_ files: PEMFiles, _ contents: [[UInt8]]) throws(ServerFailure) -> NIOSSLContext {
    let chain = try certificates(files.certificate, contents[0])
    guard let key = try? NIOSSLPrivateKey(bytes: contents[1], format: .pem) else {
      throw ServerFailure("\(files.key): must be a private key in PEM without a passphrase")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    if let path = files.clientAuthorities {
      configuration.trustRoots = .certificates(try certificates(path, contents[2]))
      // Clients are machines without a name to compare.
      configuration.certificateVerification = .noHostnameVerification
    }
    do {
      return try NIOSSLContext(configuration: configuration)
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
