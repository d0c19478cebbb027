import ServerCore
import Synchronization
import SystemIO

/// The tokens of a file when the program started.
struct FileTokens: Equatable {
  let path: String
  let tokens: [AccessToken]

  /// Reads a file.
  init(_ path: String) throws(SettingRefusal) {
    self.path = path
    do throws(TokenFile.TokenFileError) {
      tokens = try TokenFile.read(path)
    } catch .role(let role) {
      throw SettingRefusal(word: path, reason: "must have a token before the role \"\(role.rawValue)\"")
    } catch {
      throw SettingRefusal(word: path, reason: "must be \(ServerSettings.tokenFileContents); it \(error)")
    }
  }
}

/// Authentication and encryption of the server, which can be replaced while it runs.
final class ServerAccess: Sendable {
  /// Certificate and key; nil for plain TCP.
  let encryption: (any ServerEncryption)?
  private let source: Mutex<Source>
  /// Logs changes of the files, and clients with wrong tokens.
  let report: @Sendable (String) -> Void

  /// A member, since a Mutex of a function wraps it once more each time that it is read.
  private struct Source {
    let tokens: @Sendable () -> [AccessToken]
  }

  /// - Parameters:
  ///   - tokens: returns the accepted tokens; an empty list disables authentication.
  ///   - report: logs changes of the files.
  fileprivate init(
    tokens: @escaping @Sendable () -> [AccessToken], encryption: (any ServerEncryption)?,
    report: @escaping @Sendable (String) -> Void
  ) {
    self.encryption = encryption
    self.report = report
    source = Mutex(Source(tokens: tokens))
  }

  /// The accepted tokens; an empty list disables authentication.
  var tokens: [AccessToken] { source.withLock { $0 }.tokens() }

  /// Uses other files; throws if a certificate cannot be used, before any change.
  ///
  /// Whether the server has TLS does not change.
  func replace(_ server: SettingValues<ServerSettings>) throws(SettingError) {
    let tokens = try server.currentTokens(report: report)
    if let encryption, let files = try server.pemFiles() {
      do throws(ServerFailure) { try encryption.replace(files) } catch {
        throw server.refusal(of: files, error)
      }
    }
    source.withLock { $0 = Source(tokens: tokens) }
  }
}

extension SettingValues<ServerSettings> {
  /// Reads tokens and certificates; `report` logs when they change.
  func access(report: @escaping @Sendable (String) -> Void) throws(SettingError) -> ServerAccess {
    if let socket = self.listen, !servers.hasUnixSockets {
      throw SettingError(
        name: origin(of: \.listen), value: "unix:" + socket.path, reason: "this system's server has no Unix sockets")
    }
    return ServerAccess(
      tokens: try currentTokens(report: report), encryption: try encryption(report: report), report: report)
  }

  /// Returns the tokens, which are read again when their file changes; none without one.
  ///
  /// Without `--token-file` it is systemd's credential `token`, if the unit has one (LoadCredential=).
  func currentTokens(
    _ environment: SettingSource = processEnvironment, report: @escaping @Sendable (String) -> Void
  ) throws(SettingError) -> @Sendable () -> [AccessToken] {
    guard let tokens = try fileTokens(environment) else { return { [] } }
    let (path, host) = (tokens.path, self.host)
    let file = TokenFile(
      path, tokens: tokens.tokens, warning: { Self.weakness(of: $0, in: path, host: host) }, report: report)
    return { file.tokens }
  }

  private func fileTokens(_ environment: SettingSource) throws(SettingError) -> FileTokens? {
    if let tokens = self.tokenFile { return tokens }
    guard let folder = environment("CREDENTIALS_DIRECTORY"), Files.exists(folder + "/token") else { return nil }
    let path = folder + "/token"
    do throws(SettingRefusal) {
      return try FileTokens(path)
    } catch {
      throw SettingError(name: "CREDENTIALS_DIRECTORY", value: error.word, reason: error.reason)
    }
  }

  /// Minimum characters of a token that other machines may try to guess; `agent token` makes 43.
  private static var safeTokenLength: Int { 16 }

  /// A warning about short tokens; nil without any, or if only this machine reaches the server.
  private static func weakness(of tokens: [AccessToken], in path: String, host: String) -> String? {
    guard !isLoopback(host), tokens.contains(where: { $0.text.utf8.count < safeTokenLength }) else { return nil }
    return "\(path): a token has fewer than \(safeTokenLength) characters and can be guessed; agent token"
      + " makes a longer one"
  }

  /// Refuses to listen for other machines without authentication.
  ///
  /// - Parameters:
  ///   - running: the address that a running server listens on, if it is not to be that of the settings.
  ///   - verifiesClients: whether the server can require certificates of its clients.
  func checkExposure(
    _ environment: SettingSource = processEnvironment, at running: String? = nil, verifiesClients: Bool = true
  ) throws(SettingError) {
    let host = running ?? self.host
    if self.insecure || verifiesClients && self.clientAuthorities != nil || Self.isLoopback(host) { return }
    if try fileTokens(environment) != nil { return }
    let until = running == nil || running == self.host ? "" : "the server listens there until a restart; "
    throw SettingError(
      name: origin(of: \.host), value: host,
      reason: until
        + "other machines' access requires --token-file (agent token --token-file FILE makes one) or --insecure")
  }

  /// The files of certificate and key; nil without them.
  fileprivate func pemFiles() throws(SettingError) -> PEMFiles? {
    guard let certificate = self.certificate else {
      for (name, value) in [(origin(of: \.key), self.key), (origin(of: \.clientAuthorities), self.clientAuthorities)] {
        if let value { throw SettingError(name: name, value: value, reason: "requires --tls-cert") }
      }
      return nil
    }
    guard let key = self.key else {
      throw SettingError(name: origin(of: \.certificate), value: certificate, reason: "requires --tls-key")
    }
    return PEMFiles(certificate: certificate, key: key, clientAuthorities: self.clientAuthorities)
  }

  /// Names the setting whose file is unusable.
  fileprivate func refusal(of files: PEMFiles, _ failure: ServerFailure) -> SettingError {
    let reason = failure.description
    let others: [(name: String, file: String?)] = [
      (origin(of: \.key), files.key), (origin(of: \.clientAuthorities), files.clientAuthorities),
    ]
    for (name, file) in others {
      guard let file, file != files.certificate else { continue }
      for beginning in ["", "open ", "read "] where reason.hasPrefix(beginning + file + ":") {
        return SettingError(name: name, value: file, reason: String(reason.dropFirst(beginning.count + file.count + 2)))
      }
    }
    return SettingError(name: origin(of: \.certificate), value: files.certificate, reason: reason)
  }

  /// Reads certificate and key; nil without them.
  private func encryption(
    report: @escaping @Sendable (String) -> Void
  ) throws(SettingError) -> (any ServerEncryption)? {
    guard let files = try pemFiles() else { return nil }
    do throws(ServerFailure) {
      return try servers.encryption(files, report: report)
    } catch {
      throw refusal(of: files, error)
    }
  }

  /// Whether only this machine reaches an address; other names than localhost count as reachable.
  static func isLoopback(_ host: String) -> Bool {
    let host = host.lowercased()
    if ["localhost", "::1", "ip6-localhost"].contains(host) || host.hasSuffix(".localhost") { return true }
    let parts = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 4 && host.hasPrefix("127.")
      && parts.allSatisfy { (1...3).contains($0.count) && $0.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } }
  }
}
