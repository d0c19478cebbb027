/// Parser of a series as written by Prometheus and in columns, `disks.busy{device="sda"}`; reverses
/// ``Swift/String/escapedForPrometheus``.
package struct SeriesText {
  /// Name before the labels.
  package let name: String
  /// Labels in their order.
  package var labels: [(name: String, value: String)] = []

  /// Parses a series; nil where the text is malformed.
  package init?(_ text: some Collection<UInt8>) {
    let text = Array(text)
    guard let brace = text.firstIndex(of: UInt8(ascii: "{")) else {
      name = String(decoding: text, as: UTF8.self)
      return
    }
    name = String(decoding: text[..<brace], as: UTF8.self)
    guard text.last == UInt8(ascii: "}") else { return nil }
    var rest = text[(brace + 1)...].dropLast()
    while !rest.isEmpty {
      guard let equals = rest.firstIndex(of: UInt8(ascii: "=")), equals + 1 < rest.endIndex,
        rest[equals + 1] == UInt8(ascii: "\"")
      else { return nil }
      let label = String(decoding: rest[..<equals], as: UTF8.self)
      var value: [UInt8] = []
      var index = equals + 2
      while index < rest.endIndex, rest[index] != UInt8(ascii: "\"") {
        if rest[index] == UInt8(ascii: "\\"), index + 1 < rest.endIndex {
          index += 1
          value.append(rest[index] == UInt8(ascii: "n") ? UInt8(ascii: "\n") : rest[index])
        } else {
          value.append(rest[index])
        }
        index += 1
      }
      guard index < rest.endIndex else { return nil }
      labels.append((label, String(decoding: value, as: UTF8.self)))
      rest = rest[(index + 1)...]
      if rest.first == UInt8(ascii: ",") { rest.removeFirst() } else if !rest.isEmpty { return nil }
    }
  }
}

extension String {
  /// The text between the quotes of a label's value: a backslash before `\`, `"` and a line feed.
  package var escapedLabel: String {
    var result = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
