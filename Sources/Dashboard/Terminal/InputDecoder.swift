/// Bytes from a terminal as keys, mouse, focus and replies (ECMA-48, xterm's ctlseqs).
///
/// Sequences of all terminals at once, not those of one terminfo entry: what a terminal sends differs by its modes, and
/// its entry is often that of another. Unknown sequences are swallowed whole, so that none of their letters is a key.
struct InputDecoder {
  /// What bytes meant.
  enum Token: Equatable {
    case event(TerminalEvent)
    /// The terminal's answer to DSR 5: it has shown all that was sent before the question.
    case ready
  }

  private var bytes: [UInt8] = []

  /// Whether a sequence has begun that may go on.
  var isPending: Bool { !bytes.isEmpty }

  /// Takes bytes in.
  mutating func feed(_ new: some Sequence<UInt8>) {
    bytes += new
  }

  /// The next token; nil where there is none yet.
  ///
  /// - Parameter isOver: whether nothing follows soon, so that a lone ESC is the key.
  mutating func next(isOver: Bool) -> Token? {
    while let first = bytes.first {
      let (length, token) = first == 0x1B ? escape(isOver: isOver) : character(first, isOver: isOver)
      guard length > 0 else { return nil }
      bytes.removeFirst(min(length, bytes.count))
      if let token { return token }
    }
    return nil
  }

  // MARK: Characters

  private func character(_ first: UInt8, isOver: Bool) -> (length: Int, token: Token?) {
    switch first {
    case 0x0D, 0x0A: return (1, .event(.key(.enter)))
    case 0x09: return (1, .event(.key(.tab)))
    case 0x7F, 0x08: return (1, .event(.key(.backspace)))
    case 0..<0x80: return (1, .event(.key(.character(Unicode.Scalar(first)))))
    default: break
    }
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 1
    guard bytes.count >= length || isOver else { return (0, nil) }
    let text = String(decoding: bytes.prefix(length), as: UTF8.self)
    guard text.unicodeScalars.count == 1, let scalar = text.unicodeScalars.first, scalar != "\u{FFFD}" else {
      return (1, .event(.key(.other)))
    }
    return (length, .event(.key(.character(scalar))))
  }

  // MARK: Sequences

  private func escape(isOver: Bool) -> (length: Int, token: Token?) {
    guard bytes.count >= 2 else { return isOver ? (1, .event(.key(.escape))) : (0, nil) }
    switch bytes[1] {
    case UInt8(ascii: "["): return controlSequence(isOver: isOver)
    case UInt8(ascii: "O"):
      guard bytes.count >= 3 else { return isOver ? (2, .event(.key(.other))) : (0, nil) }
      return (3, .event(.key(InputDecoder.letters[bytes[2]] ?? .other)))
    case 0x1B:
      return (1, .event(.key(.escape)))
    case 0x20..<0x7F:
      // Alt and a key.
      return (2, .event(.key(.other)))
    default:
      return (1, .event(.key(.escape)))
    }
  }

  private func controlSequence(isOver: Bool) -> (length: Int, token: Token?) {
    if bytes.count >= 3, bytes[2] == UInt8(ascii: "[") {
      // The Linux console's F1 to F5.
      guard bytes.count >= 4 else { return isOver ? (3, .event(.key(.other))) : (0, nil) }
      let number = Int(bytes[3]) - 0x40
      return (4, .event(.key(number >= 1 && number <= 5 ? .function(number) : .other)))
    }
    var end = 2
    while end < bytes.count, bytes[end] >= 0x20, bytes[end] < 0x40 { end += 1 }
    guard end < bytes.count else { return isOver || bytes.count > 64 ? (bytes.count, .event(.key(.other))) : (0, nil) }
    let final = bytes[end]
    guard final >= 0x40, final < 0x7F else { return (end, .event(.key(.other))) }
    let parameters = bytes[2..<end]
    return (end + 1, token(parameters, final))
  }

  private func token(_ parameters: ArraySlice<UInt8>, _ final: UInt8) -> Token? {
    let isMouse = parameters.first == UInt8(ascii: "<")
    let numbers = (isMouse ? parameters.dropFirst() : parameters)
      .split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
      .map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
    if isMouse { return mouse(numbers, isRelease: final == UInt8(ascii: "m")) }
    switch final {
    case UInt8(ascii: "n"): return numbers.first == 0 ? .ready : nil
    case UInt8(ascii: "I") where parameters.isEmpty: return .event(.focus(true))
    case UInt8(ascii: "O") where parameters.isEmpty: return .event(.focus(false))
    case UInt8(ascii: "~"):
      // A bracketed paste's ends are no keys.
      if let number = numbers.first, number == 200 || number == 201 { return nil }
      return .event(.key(numbers.first.flatMap { InputDecoder.numbers[$0] } ?? .other))
    // Answers to other questions than ours.
    case UInt8(ascii: "R"), UInt8(ascii: "c"), UInt8(ascii: "y"), UInt8(ascii: "t"):
      return parameters.isEmpty ? .event(.key(.other)) : nil
    default:
      return .event(.key(InputDecoder.letters[final] ?? .other))
    }
  }

  private func mouse(_ numbers: [Int], isRelease: Bool) -> Token? {
    guard numbers.count == 3 else { return nil }
    let (code, x, y) = (numbers[0], numbers[1] - 1, numbers[2] - 1)
    guard x >= 0, y >= 0 else { return nil }
    let kind: MouseEvent.Kind
    if code & 64 != 0 {
      guard code & 3 < 2 else { return nil }
      kind = code & 1 == 0 ? .wheelUp : .wheelDown
    } else if isRelease {
      kind = .release
    } else {
      guard code & 3 != 3 else { return nil }
      kind = code & 32 != 0 ? .drag : .press
    }
    return .event(.mouse(MouseEvent(kind: kind, x: x, y: y)))
  }

  private static let letters: [UInt8: KeyPress] = [
    UInt8(ascii: "A"): .up, UInt8(ascii: "B"): .down, UInt8(ascii: "C"): .right, UInt8(ascii: "D"): .left,
    UInt8(ascii: "H"): .home, UInt8(ascii: "F"): .end, UInt8(ascii: "Z"): .backTab, UInt8(ascii: "M"): .enter,
    UInt8(ascii: "P"): .function(1), UInt8(ascii: "Q"): .function(2), UInt8(ascii: "R"): .function(3),
    UInt8(ascii: "S"): .function(4),
  ]

  private static let numbers: [Int: KeyPress] = [
    1: .home, 2: .insert, 3: .delete, 4: .end, 5: .pageUp, 6: .pageDown, 7: .home, 8: .end,
    11: .function(1), 12: .function(2), 13: .function(3), 14: .function(4), 15: .function(5),
    17: .function(6), 18: .function(7), 19: .function(8), 20: .function(9), 21: .function(10),
    23: .function(11), 24: .function(12),
  ]
}
