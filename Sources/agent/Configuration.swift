import API
import Archive
import Logging
import PrometheusExport
import SystemIO

/// What the command line and the environment ask for, checked: a flag wins over a variable, a variable over the default.
struct Configuration: Equatable {
  /// Port of the HTTP server; 0 lets the system choose one.
  var port = 8080
  /// Address that the HTTP server listens on.
  var host = "127.0.0.1"
  /// Seconds between two samples.
  var interval = 30
  /// Samples kept.
  var historySize = 720
  /// The least severe messages that are logged.
  var logLevel = Logger.Level.info
  /// The token that clients must send, and its file; nil where none is needed.
  var token: String?
  var tokenFile: String?
  /// Origins whose pages may read the API's answers.
  var corsOrigins: [String] = []
  /// Names under which the agent may be asked for, besides its machine's own.
  var allowedHosts: [String] = []
  /// The archive's file; nil where samples are kept in memory only.
  var database: String?
  /// How long the archive keeps what.
  var retention = Retention()
  /// Whose names a Prometheus scrape tells besides the agent's own.
  var prometheus = PrometheusCompatibility.node
  /// Bytes that the archive may grow to.
  var databaseSize: Int64 = 2 << 30

  /// What the command line says, as text; nil where it says nothing.
  struct Flags {
    var port: String?
    var host: String?
    var interval: String?
    var history: String?
    var logLevel: String?
    var tokenFile: String?
    var corsOrigins: [String] = []
    var allowedHosts: [String] = []
    var database: String?
    var retention: String?
    var databaseSize: String?
    var promCompat: String?
  }

  /// A value that is not allowed, and what would be: one line that names the flag or the variable.
  struct ValidationError: Error, Equatable, CustomStringConvertible {
    let name: String
    let value: String
    let allowed: String

    var description: String { "\(name): \"\(value)\" is not allowed; allowed is \(allowed)" }
  }

  /// Checks flags and variables.
  ///
  /// - Parameters:
  ///   - environment: the variables by name; an empty one counts as not set, as in a unit's EnvironmentFile.
  init(flags: Flags, environment: (String) -> String?) throws(ValidationError) {
    func setting(_ flag: String?, _ flagName: String, _ variable: String) -> (name: String, value: String)? {
      if let flag { return (flagName, flag) }
      if let value = environment(variable), !value.isEmpty { return (variable, value) }
      return nil
    }
    func whole(
      _ setting: (name: String, value: String)?, default fallback: Int, in range: ClosedRange<Int>, _ unit: String
    ) throws(ValidationError) -> Int {
      guard let (name, value) = setting else { return fallback }
      guard !value.isEmpty, value.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(value),
        range.contains(number)
      else {
        throw ValidationError(
          name: name, value: value,
          allowed: "a whole number\(unit) from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
    // Flags may be repeated; a variable holds several with commas between.
    func list(_ flags: [String], _ flagName: String, _ variable: String) -> [(name: String, value: String)] {
      if !flags.isEmpty { return flags.map { (flagName, $0) } }
      return (environment(variable) ?? "").split(separator: ",").map { part in
        (variable, String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()))
      }
    }
    port = try whole(setting(flags.port, "--port", "PORT"), default: 8080, in: 0...65_535, "")
    interval = try whole(
      setting(flags.interval, "--interval", "INTERVAL_SEC"), default: 30, in: 1...86_400, " of seconds")
    historySize = try whole(
      setting(flags.history, "--history", "HISTORY_SIZE"), default: 720, in: 1...1_000_000, " of samples")
    if let (name, value) = setting(flags.host, "--host", "HOST") {
      let allowed = "an IPv4 or IPv6 address or a host name"
      let isPlain = value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
      guard !value.isEmpty, value.utf8.count <= 255, isPlain else {
        throw ValidationError(name: name, value: value, allowed: allowed)
      }
      host = value
    }
    if let (name, value) = setting(flags.logLevel, "--log-level", "LOG_LEVEL") {
      guard let level = Logger.Level(rawValue: value) else {
        throw ValidationError(
          name: name, value: value, allowed: Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))
      }
      logLevel = level
    }
    if let (name, value) = setting(flags.tokenFile, "--token-file", "TOKEN_FILE") {
      token = TokenFile.token(in: value)
      guard token != nil else {
        throw ValidationError(name: name, value: value, allowed: "a file whose first line is a token without spaces")
      }
      tokenFile = value
    }
    for (name, value) in list(flags.corsOrigins, "--cors-origin", "CORS_ORIGIN") {
      guard Self.isOrigin(value) else {
        throw ValidationError(
          name: name, value: value,
          allowed: "an origin as browsers send it, https://grafana.example.org or http://host:3000")
      }
      corsOrigins.append(value)
    }
    for (name, value) in list(flags.allowedHosts, "--allowed-host", "ALLOWED_HOST") {
      let isName = value.utf8.allSatisfy {
        $0 == 0x2D || $0 == 0x2E || $0 == 0x5F || Character(UnicodeScalar($0)).isLetter || (0x30...0x39).contains($0)
      }
      guard !value.isEmpty, value.utf8.allSatisfy({ $0 < 0x80 }), isName else {
        throw ValidationError(name: name, value: value, allowed: "a host name without a port")
      }
      allowedHosts.append(value)
    }
    if let (name, value) = setting(flags.promCompat, "--prom-compat", "PROM_COMPAT") {
      guard let compatibility = PrometheusCompatibility(rawValue: value) else {
        throw ValidationError(
          name: name, value: value, allowed: PrometheusCompatibility.allCases.map(\.rawValue).joined(separator: ", "))
      }
      prometheus = compatibility
    }
    if let (name, value) = setting(flags.database, "--db", "DB_PATH") {
      guard !value.isEmpty, !value.utf8.contains(0), value.utf8.last != UInt8(ascii: "/") else {
        throw ValidationError(name: name, value: value, allowed: "the path of a file")
      }
      database = value
    }
    if let (name, value) = setting(flags.retention, "--retention", "DB_RETENTION") {
      guard let times = Retention(value) else {
        throw ValidationError(
          name: name, value: value,
          allowed: "three times with commas between, none shorter than the one before, as 7d,90d,2y (s, m, h, d, w, y)")
      }
      retention = times
    }
    if let (name, value) = setting(flags.databaseSize, "--db-max-size", "DB_MAX_SIZE") {
      guard let size = parseSize(value), size >= 1 << 20 else {
        throw ValidationError(name: name, value: value, allowed: "a size of at least 1M, as 500M or 2G (K, M, G, T)")
      }
      databaseSize = size
    }
  }

  /// Returns the token of ``tokenFile``, which is read again when it changes.
  func currentToken(report: @escaping @Sendable (String) -> Void) -> @Sendable () -> String? {
    guard let token, let tokenFile else { return { nil } }
    let file = TokenFile(tokenFile, token: token, report: report)
    return { file.token }
  }

  /// Whether it is scheme, host and port as a browser's Origin has them: in lower case, with nothing after them.
  private static func isOrigin(_ text: String) -> Bool {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].hasPrefix("//"), !parts[0].isEmpty else { return false }
    let authority = parts[1].dropFirst(2)
    return parts[0].utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x2B...0x39).contains($0) && $0 != 0x2F }
      && !authority.isEmpty
      && authority.utf8.allSatisfy { byte in
        (0x61...0x7A).contains(byte) || (0x30...0x3A).contains(byte) || [0x2D, 0x2E, 0x5B, 0x5D].contains(byte)
      }
  }
}
