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

  /// What the command line says, as text; nil where it says nothing.
  struct Flags {
    var port: String?
    var host: String?
    var interval: String?
    var history: String?
    var logLevel: String?
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
  }
}
