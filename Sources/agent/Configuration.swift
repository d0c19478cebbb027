import Archive
import Logging

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
  /// The archive's file; nil where samples are kept in memory only.
  var database: String?
  /// How long the archive keeps what.
  var retention = Retention()
  /// Bytes that the archive may grow to.
  var databaseSize: Int64 = 2 << 30

  /// What the command line says, as text; nil where it says nothing.
  struct Flags {
    var port: String?
    var host: String?
    var interval: String?
    var history: String?
    var logLevel: String?
    var database: String?
    var retention: String?
    var databaseSize: String?
  }

  /// A value that is not allowed, and what would be: one line that names the flag or the variable.
  struct Mistake: Error, Equatable, CustomStringConvertible {
    let name: String
    let value: String
    let allowed: String

    var description: String { "\(name): \"\(value)\" is not allowed; allowed is \(allowed)" }
  }

  /// Checks flags and variables.
  ///
  /// - Parameters:
  ///   - defaultInterval: 30 for a daemon, 1 for somebody who watches.
  ///   - environment: the variables by name; an empty one counts as not set, as in a unit's EnvironmentFile.
  init(flags: Flags, defaultInterval: Int, environment: (String) -> String?) throws(Mistake) {
    func setting(_ flag: String?, _ flagName: String, _ variable: String) -> (name: String, value: String)? {
      if let flag { return (flagName, flag) }
      if let value = environment(variable), !value.isEmpty { return (variable, value) }
      return nil
    }
    func whole(
      _ setting: (name: String, value: String)?, default fallback: Int, in range: ClosedRange<Int>, _ unit: String
    ) throws(Mistake) -> Int {
      guard let (name, value) = setting else { return fallback }
      guard !value.isEmpty, value.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(value),
        range.contains(number)
      else {
        throw Mistake(
          name: name, value: value,
          allowed: "a whole number\(unit) from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
    port = try whole(setting(flags.port, "--port", "PORT"), default: 8080, in: 0...65_535, "")
    interval = try whole(
      setting(flags.interval, "--interval", "INTERVAL_SEC"), default: defaultInterval, in: 1...86_400, " of seconds")
    historySize = try whole(
      setting(flags.history, "--history", "HISTORY_SIZE"), default: 720, in: 1...1_000_000, " of samples")
    if let (name, value) = setting(flags.host, "--host", "HOST") {
      let allowed = "an IPv4 or IPv6 address or a host name"
      let isPlain = value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
      guard !value.isEmpty, value.utf8.count <= 255, isPlain else {
        throw Mistake(name: name, value: value, allowed: allowed)
      }
      host = value
    }
    if let (name, value) = setting(flags.logLevel, "--log-level", "LOG_LEVEL") {
      guard let level = Logger.Level(rawValue: value) else {
        throw Mistake(
          name: name, value: value, allowed: Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))
      }
      logLevel = level
    }
    if let (name, value) = setting(flags.database, "--db", "DB_PATH") {
      guard !value.isEmpty, !value.utf8.contains(0), value.utf8.last != UInt8(ascii: "/") else {
        throw Mistake(name: name, value: value, allowed: "the path of a file")
      }
      database = value
    }
    if let (name, value) = setting(flags.retention, "--retention", "DB_RETENTION") {
      guard let times = Retention(value) else {
        throw Mistake(
          name: name, value: value,
          allowed: "three times with commas between, none shorter than the one before, as 7d,90d,2y (s, m, h, d, w, y)")
      }
      retention = times
    }
    if let (name, value) = setting(flags.databaseSize, "--db-max-size", "DB_MAX_SIZE") {
      guard let size = parseSize(value), size >= 1 << 20 else {
        throw Mistake(name: name, value: value, allowed: "a size of at least 1M, as 500M or 2G (K, M, G, T)")
      }
      databaseSize = size
    }
  }
}
