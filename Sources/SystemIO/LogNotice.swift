/// A line for the log: a constant message, and the values that it is about.
package struct LogNotice: Sendable, Hashable, CustomStringConvertible {
  package let message: String
  package let values: [String: String]

  package init(_ message: StaticString, _ values: [String: String] = [:]) {
    self.message = message.description
    self.values = values
  }

  /// The line: `push: works again: lag_seconds=3 receiver=http://…`.
  package var description: String { Self.line(message, values) }

  /// The line of a message and its values, which are quoted where they have blanks.
  package static func line(_ message: String, _ values: [String: String]) -> String {
    if values.isEmpty { return message }
    let texts = values.sorted { $0.key < $1.key }.map { key, value in
      key + "=" + (value.contains { $0 == " " || $0 == "\"" } ? value.quotedJSON : value)
    }
    return message + ": " + texts.joined(separator: " ")
  }
}
