/// JSON as receivers answer it.
enum JSON {
  case null
  case truth(Bool)
  case number(Double)
  case text(String)
  case list([JSON])
  case object([String: JSON])

  struct Malformed: Error {}

  init(_ bytes: some Collection<UInt8>) throws {
    var parser = Parser(bytes: Array(bytes))
    self = try parser.value()
  }

  subscript(name: String) -> JSON? {
    if case .object(let members) = self { members[name] } else { nil }
  }

  var list: [JSON] {
    if case .list(let elements) = self { elements } else { [] }
  }

  var text: String? {
    if case .text(let text) = self { text } else { nil }
  }

  var number: Double? {
    if case .number(let number) = self { number } else { nil }
  }

  var members: [String: JSON] {
    if case .object(let members) = self { members } else { [:] }
  }

  private struct Parser {
    let bytes: [UInt8]
    var place = 0

    mutating func value() throws -> JSON {
      skip()
      switch try peek() {
      case UInt8(ascii: "{"):
        var members: [String: JSON] = [:]
        place += 1
        skip()
        while try peek() != UInt8(ascii: "}") {
          skip()
          let name = try string()
          skip()
          try take(":")
          members[name] = try value()
          skip()
          if try peek() == UInt8(ascii: ",") { place += 1 }
        }
        place += 1
        return .object(members)
      case UInt8(ascii: "["):
        var elements: [JSON] = []
        place += 1
        skip()
        while try peek() != UInt8(ascii: "]") {
          elements.append(try value())
          skip()
          if try peek() == UInt8(ascii: ",") { place += 1 }
        }
        place += 1
        return .list(elements)
      case UInt8(ascii: "\""): return .text(try string())
      default:
        let start = place
        while place < bytes.count, !",]} \n".utf8.contains(bytes[place]) { place += 1 }
        let word = String(decoding: bytes[start..<place], as: UTF8.self)
        switch word {
        case "null": return .null
        case "true": return .truth(true)
        case "false": return .truth(false)
        default:
          guard let number = Double(word) else { throw Malformed() }
          return .number(number)
        }
      }
    }

    private mutating func string() throws -> String {
      try take("\"")
      var text: [UInt8] = []
      while try peek() != UInt8(ascii: "\"") {
        if bytes[place] == UInt8(ascii: "\\") {
          place += 1
          switch try peek() {
          case UInt8(ascii: "n"): text.append(0x0A)
          case UInt8(ascii: "u"):
            guard place + 4 < bytes.count,
              let code = UInt32(String(decoding: bytes[place + 1...place + 4], as: UTF8.self), radix: 16),
              let scalar = Unicode.Scalar(code)
            else { throw Malformed() }
            text += Array(String(Character(scalar)).utf8)
            place += 4
          default: text.append(bytes[place])
          }
        } else {
          text.append(bytes[place])
        }
        place += 1
      }
      place += 1
      return String(decoding: text, as: UTF8.self)
    }

    private mutating func take(_ character: Unicode.Scalar) throws {
      guard try peek() == UInt8(ascii: character) else { throw Malformed() }
      place += 1
    }

    private func peek() throws -> UInt8 {
      guard place < bytes.count else { throw Malformed() }
      return bytes[place]
    }

    private mutating func skip() {
      while place < bytes.count, " \n\r\t".utf8.contains(bytes[place]) { place += 1 }
    }
  }
}
