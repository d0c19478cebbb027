import SystemIO

/// Settings of a file: a `VARIABLE=value` per line, with the names of the environment's variables.
///
/// Comments begin with `#` or `;`. A value may stand in quotes, as in a unit's EnvironmentFile.
struct ConfigFile: Sendable, Equatable {
  /// The file of the service, read without `--config`.
  static let standardPath = "/etc/worker-agent/agent.conf"
  /// Maximum size in bytes.
  static let limit = 1 << 20

  private struct Entry: Equatable {
    let value: String
    let line: Int
  }

  /// Invalid lines of a file.
  struct Failure: Error, Equatable, CustomStringConvertible {
    /// `FILE:LINE: reason` of each.
    let lines: [String]
    /// The settings of the valid lines; nil if the file cannot be read.
    var valid: ConfigFile?
    var description: String { lines.first ?? "" }
  }

  let path: String
  private var entries: [String: Entry] = [:]

  /// Reads a file.
  ///
  /// - Throws: Failure with every invalid line, or if it cannot be read.
  init(_ path: String, known: [String] = Configuration.variables) throws(Failure) {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try Files.contents(ofNamed: path, atMost: Self.limit)
    } catch {
      throw Failure(lines: ["\(error)"])
    }
    try self.init(path, bytes.span, known: known)
  }

  /// Parses the bytes of a file.
  init(_ path: String, _ bytes: Span<UInt8>, known: [String]) throws(Failure) {
    self.path = path
    guard bytes.count <= Self.limit else { throw Failure(lines: ["\(path): larger than \(Self.limit) bytes"]) }
    var problems: [String] = []
    // Editors of Windows begin UTF-8 text with a byte order mark.
    var position = bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF ? 3 : 0
    var number = 0
    while position < bytes.count {
      var end = position
      while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
      number += 1
      let line = Self.text(bytes, position..<end)
      position = end + 1
      if let problem = add(line, number, known) { problems.append("\(path):\(number): \(problem)".printable) }
    }
    if !problems.isEmpty { throw Failure(lines: problems, valid: self) }
  }

  /// The value of a variable; nil if the file does not set it.
  func value(of variable: String) -> String? { entries[variable]?.value }

  /// Where a variable is set, for messages: `FILE:LINE: VARIABLE`.
  func origin(of variable: String) -> String {
    guard let entry = entries[variable] else { return variable }
    return "\(path):\(entry.line): \(variable)"
  }

  /// Number of settings.
  var count: Int { entries.count }

  /// Adds a line; returns its fault.
  private mutating func add(_ line: String?, _ number: Int, _ known: [String]) -> String? {
    guard let line else { return "not UTF-8 text" }
    let trimmed = Self.trimmed(line[...])
    if trimmed.isEmpty || trimmed.hasPrefix("#") || trimmed.hasPrefix(";") { return nil }
    guard let equals = trimmed.firstIndex(of: "=") else {
      return "\"\(ShownValue.refused(String(trimmed)))\" is not a setting; a line must be VARIABLE=value"
    }
    let name = String(Self.trimmed(trimmed[..<equals]))
    guard known.contains(name) else {
      return "unknown setting \"\(ShownValue.refused(name))\"; must be one of \(known.joined(separator: ", "))"
    }
    if let first = entries[name] { return "\(name) is already set in line \(first.line)" }
    guard let value = Self.unquoted(Self.trimmed(trimmed[trimmed.index(after: equals)...])) else {
      return "\(name): the closing quote is missing"
    }
    entries[name] = Entry(value: value, line: number)
    return nil
  }

  /// The text of some bytes; nil if they are not UTF-8 or contain NUL.
  private static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String? {
    var line: [UInt8] = []
    for index in range where bytes[index] != UInt8(ascii: "\r") { line.append(bytes[index]) }
    return line.contains(0) ? nil : String(validating: line, as: UTF8.self)
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0 == " " || $0 == "\t" }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
  }

  /// A value without its quotes; nil if one is missing.
  private static func unquoted(_ text: Substring) -> String? {
    guard let quote = text.first, quote == "\"" || quote == "'" else { return String(text) }
    return text.count >= 2 && text.last == quote ? String(text.dropFirst().dropLast()) : nil
  }
}

extension ConfigFile.Failure: UserError {
  var exitStatus: Int32 { ExitStatus.usage }
}

extension ConfigFile {
  /// The file of `--config`, which must exist, or else the service's, if there is one.
  ///
  /// - Parameter path: of `--config`.
  static func find(_ path: String?) throws(Failure) -> ConfigFile? {
    if let path { return try ConfigFile(path) }
    return Files.exists(standardPath) ? try ConfigFile(standardPath) : nil
  }
}
