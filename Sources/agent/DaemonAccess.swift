import Remote
import ServerCore
import SystemIO

/// Settings to reach the agent that serves on this machine: those with which it serves.
struct DaemonSettings: SettingTable {
  static let title = ""
  let config = MainSettings().config
  let agent = SettingRow(
    "--connect <url>",
    SettingDomain("http://HOST:PORT, https://HOST:PORT or unix:/PATH") { RemoteMachine.isAddress($0) ? $0 : nil },
    "The agent's URL; by default the settings name it: first its Unix socket, then host and port.")
  let host = ServerSettings().host
  let port = ServerSettings().port
  let listen = ServerSettings().listen
  let tokenFile = SettingRow(
    "--token-file <file>", variable: "TOKEN_FILE", .file, "File with the token that the agent requires.")
  let certificate = SettingRow(
    "--tls-cert <file>", variable: "TLS_CERT", .file,
    "Certificate (PEM) with which the agent serves https; another one is not trusted.")
  let clientAuthorities = ServerSettings().clientAuthorities
  let authorities = SettingRow(
    "--connect-ca-file <file>", MainSettings.authorityFile,
    "CA certificates that verify an https agent, in place of its own certificate.")
}

/// Ways to reach the agent that serves on this machine, by its settings.
struct DaemonAccess: Sendable {
  /// In the order in which to try them.
  let addresses: [RemoteAddress]
  /// Whether it requires client certificates, which this program does not have.
  let wantsCertificate: Bool
  private let tokenFile: String?

  /// - Parameter socket: path of the socket to try where the settings name none.
  init(
    _ settings: SettingValues<DaemonSettings>, socket: String = UnixSocket.standardPath
  ) throws(RemoteMachine.AddressError) {
    tokenFile = settings.tokenFile
    wantsCertificate = settings.agent == nil && settings.certificate != nil && settings.clientAuthorities != nil
    if let agent = settings.agent {
      addresses = [try RemoteAddress(agent, authorities: settings.authorities)]
      return
    }
    var addresses: [RemoteAddress] = []
    let path = settings.listen?.path ?? socket
    if Files.exists(path) { addresses.append(try RemoteAddress("unix:" + path)) }
    // A port that the system chose is not known.
    if settings.port != 0 || addresses.isEmpty { addresses.append(Self.address(settings)) }
    self.addresses = addresses
  }

  private static func address(_ settings: SettingValues<DaemonSettings>) -> RemoteAddress {
    let host =
      switch settings.host {
      case "0.0.0.0": "127.0.0.1"
      case "::": "::1"
      case let host: host
      }
    guard let certificate = settings.certificate else { return RemoteAddress(host: host, port: settings.port) }
    return RemoteAddress(
      host: host, port: settings.port, certificate: certificate, authorities: settings.authorities)
  }

  /// Reads the settings of a service for a program beside it; invalid ones are left out.
  ///
  /// - Parameter options: of this program, which win over the service's file.
  static func beside(_ options: SettingOptions<DaemonSettings>) -> DaemonAccess? {
    let flags = try? options.values([])
    for file in [try? ConfigFile.find(flags?.config), nil] {
      if let values = try? options.values([processEnvironment], file: file) { return try? DaemonAccess(values) }
    }
    return nil
  }

  /// The token to send; nil without the right to read it, when the public state remains.
  func token(for address: RemoteAddress) -> String? {
    if address.isSocket { return nil }
    let tokens = tokenFile.flatMap { TokenFile.tokens(in: $0) } ?? []
    return (tokens.first { $0.role == .read } ?? tokens.first)?.text
  }
}
