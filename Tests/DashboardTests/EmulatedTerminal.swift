@testable import Dashboard

/// Emulates the subset of ECMA-48 that the dashboard sends.
struct EmulatedTerminal {
  /// A cell with its text and its rendition's parameters.
  struct Cell: Equatable {
    var text = " "
    var rendition = Rendition()
  }

  struct Rendition: Equatable {
    var attributes: Set<Int> = []
    var foreground = "39"
    var background = "49"
  }

  let width: Int
  let height: Int
  private(set) var cells: [Cell]
  /// Unsupported sequences.
  private(set) var faults: [String] = []
  private(set) var isHeld = false
  private var x = 0
  private var y = 0
  private var pen = Rendition()

  init(_ size: Size) {
    (width, height) = (size.width, size.height)
    cells = Array(repeating: Cell(), count: size.width * size.height)
  }

  subscript(x: Int, y: Int) -> Cell { cells[y * width + x] }

  mutating func take(_ bytes: [UInt8]) {
    let scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
    var index = 0
    while index < scalars.count {
      let scalar = scalars[index]
      index += 1
      guard scalar == "\u{1B}" else {
        put(scalar)
        continue
      }
      guard index < scalars.count, scalars[index] == "[" else {
        faults.append("ESC without [")
        continue
      }
      var parameters = ""
      index += 1
      while index < scalars.count, scalars[index].value < 0x40 {
        parameters.unicodeScalars.append(scalars[index])
        index += 1
      }
      guard index < scalars.count else {
        faults.append("cut off")
        return
      }
      control(String(scalars[index]), parameters)
      index += 1
    }
  }

  private mutating func put(_ scalar: Unicode.Scalar) {
    let columns = CharacterWidth.of(scalar)
    if columns < 0 { faults.append("control U+" + String(scalar.value, radix: 16)) }
    guard columns > 0 else {
      if x > 0 || y > 0, cells.indices.contains(y * width + x - 1) {
        var place = y * width + x - 1
        if cells[place].text.isEmpty { place -= 1 }
        cells[place].text.unicodeScalars.append(scalar)
      }
      return
    }
    guard y < height, x + columns <= width else {
      faults.append("outside at \(x),\(y)")
      return
    }
    cells[y * width + x] = Cell(text: String(scalar), rendition: pen)
    if columns == 2 { cells[y * width + x + 1] = Cell(text: "", rendition: pen) }
    x += columns
  }

  private mutating func control(_ final: String, _ parameters: String) {
    let numbers = parameters.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    switch final {
    case "H":
      y = max(1, numbers.first ?? 1) - 1
      x = max(1, numbers.count > 1 ? numbers[1] : 1) - 1
    case "C": x += max(1, numbers.first ?? 1)
    case "K": for column in x..<width { cells[y * width + column] = Cell(text: " ", rendition: pen) }
    case "J": cells = Array(repeating: Cell(), count: width * height)
    case "m": rendition(numbers)
    case "h" where parameters == "?2026": isHeld = true
    case "l" where parameters == "?2026": isHeld = false
    default: faults.append("CSI " + parameters + final)
    }
    if x > width || y >= height { faults.append("cursor at \(x),\(y)") }
  }

  private mutating func rendition(_ numbers: [Int]) {
    var index = 0
    while index < max(1, numbers.count) {
      let number = numbers.isEmpty ? 0 : numbers[index]
      switch number {
      case 0: pen = Rendition()
      case 1, 2, 4, 7: pen.attributes.insert(number)
      case 30...37, 39, 90...97: pen.foreground = String(number)
      case 40...47, 49, 100...107: pen.background = String(number)
      case 38, 48:
        let count = numbers[index + 1] == 5 ? 3 : 5
        let text = numbers[index..<min(index + count, numbers.count)].map { String($0) }.joined(separator: ";")
        if number == 38 { pen.foreground = text } else { pen.background = text }
        index += count - 1
      default: faults.append("SGR \(number)")
      }
      index += 1
    }
  }
}
