/// Decodes a terminal's bytes into keys, pastes, mouse events, focus and replies (ECMA-48, xterm's ctlseqs).
///
/// Accepts the sequences of all terminals, not only those of one terminfo entry: a terminal's sequences depend on its
/// modes, and its entry is often that of another. Unknown sequences are skipped whole, so that none of their letters
/// acts as a key.
package struct InputDecoder {
  /// A decoded unit of input.
  package enum Token: Equatable {
    case event(TerminalEvent)
    /// The reply to DSR 5: the terminal has processed all output sent before the query.
    case ready
    /// The start of a bracketed paste.
    case pasteBegins
  }

  private var bytes: [UInt8] = []
  /// Text of an unfinished bracketed paste.
  private var paste: [UInt8]?
  /// Number of bytes of ``pasteEnd`` matched by the last bytes.
  private var matched = 0

  private static let pasteEnd = Array("\u{1B}[201~".utf8)
  /// Bytes of a paste that are kept; the rest is dropped.
  static let pasteLimit = 4096

  package init() {}

  /// Whether an unfinished sequence is buffered.
  package var isPending: Bool { !bytes.isEmpty }

  /// Whether a bracketed paste is unfinished.
  package var isPasting: Bool { paste != nil }

  /// Ends a paste whose end sequence did not arrive.
  package mutating func endPaste() -> Token? {
    guard let text = paste else { return nil }
    (paste, matched) = (nil, 0)
    return .event(.paste(Paste(text: String(decoding: text, as: UTF8.self), isBracketed: true)))
  }

  /// Consumes bytes of the paste up to its end.
  private mutating func takePaste() -> Token? {
    var taken = 0
    var token: Token?
    for byte in bytes {
      taken += 1
      if byte == Self.pasteEnd[matched] {
        matched += 1
        guard matched == Self.pasteEnd.count else { continue }
        token = endPaste()
        break
      }
      // ESC occurs only at the start of the end sequence, so after a mismatch only this byte can start it.
      keep(Self.pasteEnd[..<matched])
      matched = byte == Self.pasteEnd[0] ? 1 : 0
      if matched == 0 { keep([byte]) }
    }
    bytes.removeFirst(taken)
    return token
  }

  private mutating func keep(_ text: some Collection<UInt8>) {
    guard let count = paste?.count, count < Self.pasteLimit else { return }
    paste? += text.prefix(Self.pasteLimit - count)
  }

  /// Appends input.
  package mutating func feed(_ new: some Sequence<UInt8>) {
    bytes += new
  }

  /// Returns the next token; nil where it is incomplete.
  ///
  /// - Parameter isOver: whether no more input follows soon, so that a lone ESC is the key.
  package mutating func next(isOver: Bool) -> Token? {
    while let first = bytes.first {
      if isPasting {
        if let token = takePaste() { return token }
        continue
      }
      let (length, token) = first == 0x1B ? escape(isOver: isOver) : character(first, isOver: isOver)
      guard length > 0 else { return nil }
      bytes.removeFirst(min(length, bytes.count))
      if token == .pasteBegins {
        paste = []
        continue
      }
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
      // Alt with a key.
      return (2, .event(.key(.other)))
    default:
      return (1, .event(.key(.escape)))
    }
  }

  private func controlSequence(isOver: Bool) -> (length: Int, token: Token?) {
    if bytes.count >= 3, bytes[2] == UInt8(ascii: "[") {
      // F1 to F5 of the Linux console.
      guard bytes.count >= 4 else { return isOver ? (3, .event(.key(.other))) : (0, nil) }
      let number = Int(bytes[3]) - 0x40
      return (4, .event(.key(number >= 1 && number <= 5 ? .function(number) : .other)))
    }
    var end = 2
    while end < bytes.count, bytes[end] >= 0x20, bytes[end] < 0x40 {
      // Shift in rxvt: ESC [ 5 $. In replies, `$` is an intermediate byte after more than digits.
      if bytes[end] == UInt8(ascii: "$"), end > 2, bytes[2..<end].allSatisfy({ (0x30...0x39).contains($0) }) { break }
      end += 1
    }
    guard end < bytes.count else { return isOver || bytes.count > 64 ? (bytes.count, .event(.key(.other))) : (0, nil) }
    let final = bytes[end]
    guard final >= 0x40 && final < 0x7F || final == UInt8(ascii: "$") else { return (end, .event(.key(.other))) }
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
      if numbers.first == 200 { return .pasteBegins }
      // The end of an abandoned paste.
      if numbers.first == 201 { return nil }
      return .event(.key(key(numbers.first.flatMap { InputDecoder.numbers[$0] } ?? .other, modifiers: numbers)))
    // rxvt with Shift, Ctrl, both.
    case UInt8(ascii: "$"), UInt8(ascii: "^"), UInt8(ascii: "@"):
      let key = numbers.first.flatMap { InputDecoder.numbers[$0] } ?? .other
      return .event(.key(InputDecoder.shifted[key] ?? key))
    // Replies to queries by other programs.
    case UInt8(ascii: "R"), UInt8(ascii: "c"), UInt8(ascii: "y"), UInt8(ascii: "t"):
      return parameters.isEmpty ? .event(.key(.other)) : nil
    default:
      return .event(.key(key(InputDecoder.letters[final] ?? .other, modifiers: numbers)))
    }
  }

  /// Applies xterm's modifiers in the second number: 1 + 1 for Shift + 4 for Ctrl.
  private func key(_ key: KeyPress, modifiers: [Int]) -> KeyPress {
    guard modifiers.count >= 2, (modifiers[1] &- 1) & 5 != 0, modifiers[1] > 1 else { return key }
    return InputDecoder.shifted[key] ?? key
  }

  private static let shifted: [KeyPress: KeyPress] = [
    .pageUp: .shiftPageUp, .pageDown: .shiftPageDown, .home: .shiftHome, .end: .shiftEnd,
  ]

  private func mouse(_ numbers: [Int], isRelease: Bool) -> Token? {
    guard numbers.count == 3 else { return nil }
    let (code, x, y) = (numbers[0], numbers[1] - 1, numbers[2] - 1)
    guard x >= 0, y >= 0 else { return nil }
    let kind: MouseEvent.MouseAction
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
