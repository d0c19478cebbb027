/// JSON as comparable text: a line per member, without values that differ between runs.
enum JSONText {
  /// The document of a sample without its timestamp and the agent's own cost, which is the last member.
  static func normalised(_ text: String) -> String {
    var text = text
    if let start = text.end(of: "\"timestamp\":\""), let end = text[start...].firstIndex(of: "\"") {
      text.replaceSubrange(start..<end, with: "…")
    }
    if let start = text.end(of: ",\"agent\":{") { text = text[..<start] + "…}}" }
    return indented(text)
  }

  /// A line feed after each bracket and comma outside strings, and two spaces a level.
  static func indented(_ text: String) -> String {
    var result = ""
    var level = 0
    var isString = false
    var isEscaped = false
    func line() -> String { "\n" + String(repeating: "  ", count: level) }
    for character in text.unicodeScalars {
      if isString {
        result.unicodeScalars.append(character)
        if isEscaped {
          isEscaped = false
        } else if character == "\\" {
          isEscaped = true
        } else if character == "\"" {
          isString = false
        }
        continue
      }
      switch character {
      case "\"":
        isString = true
        result += "\""
      case "{", "[":
        level += 1
        result.unicodeScalars.append(character)
        result += line()
      case "}", "]":
        level -= 1
        result += line()
        result.unicodeScalars.append(character)
      case ",":
        result += "," + line()
      default:
        result.unicodeScalars.append(character)
      }
    }
    return result
  }
}
