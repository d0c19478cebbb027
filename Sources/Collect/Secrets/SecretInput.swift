/// Words that a command line gives to the input of a program: `echo x | sudo -S`, `chpasswd <<< u:x`.
struct SecretInput {
  /// Words that the commands of the current pipe print, or that a here-document holds.
  private(set) var words: [Range<Int>] = []
  /// Whether a program of the current command reads them as a secret, or may do so if they look random.
  var isSecret: Bool { isReader || readGroup > 0 }
  private var isReader = false
  private(set) var isPossible = false

  private enum State {
    case command
    /// After `echo` or `printf`.
    case printing
    /// After `<<<` and `<<`.
    case hereString, delimiter
    /// Between the lines of a here-document.
    case document
  }

  private var state = State.command
  private var delimiter: [UInt8] = []
  /// Open groups of commands, the words that their ended commands print, and those of a group that was closed, which
  /// the next command reads only behind a `|`: `(echo x; echo x) | passwd`.
  private var groups = 0
  /// The depth of the group that a program before it reads: `passwd < <(echo x)`; 0 without one.
  private var readGroup = 0
  private var isRedirection = false
  private var ended: [Range<Int>] = []
  private var closed: [Range<Int>] = []

  /// Forgets the words, unless the next command reads them.
  ///
  /// - Parameter separator: the character between the commands.
  mutating func endCommand(_ separator: UInt8) {
    if !delimiter.isEmpty {
      if separator == 0x0A { state = .document }
    } else {
      let readsGroup = isReader && isRedirection && separator == UInt8(ascii: "(")
      if readsGroup, readGroup == 0 { readGroup = groups + 1 }
      state = .command
      isReader = false
      isRedirection = false
      isPossible = false
      switch separator {
      case UInt8(ascii: "("): openGroup()
      case UInt8(ascii: ")"): closeGroup()
      case UInt8(ascii: "|"):
        if !closed.isEmpty { words = closed }
        closed = []
      default:
        if groups > 0 { ended += words }
        words = []
        closed = []
      }
    }
  }

  private mutating func openGroup() {
    if groups == 0 { ended = [] }
    groups += 1
    words = []
    closed = []
  }

  private mutating func closeGroup() {
    if groups > 0 {
      if groups == readGroup { readGroup = 0 }
      groups -= 1
      closed = ended + words
    }
    words = []
  }

  /// Takes a word of the current command, without its quotes.
  mutating func add(_ word: Range<Int>, in bytes: [UInt8]) {
    let text = bytes[word]
    isRedirection = text.elementsEqual("<".utf8)
    switch state {
    case .document where text.elementsEqual(delimiter):
      delimiter = []
      state = .command
    case .document: words.append(word)
    case .hereString:
      words.append(word)
      isPossible = true
      state = .command
    case .delimiter: begin(text)
    case .command, .printing:
      if text.starts(with: "<<<".utf8) {
        if text.count > 3 {
          words.append(word.lowerBound + 3..<word.upperBound)
          isPossible = true
        } else {
          state = .hereString
        }
      } else if text.starts(with: "<<".utf8) {
        let rest = text.dropFirst(2).drop { $0 == UInt8(ascii: "-") }
        if rest.isEmpty { state = .delimiter } else { begin(rest) }
      } else if state == .printing {
        // Neither an option nor the format of printf.
        if text.first != UInt8(ascii: "-"), !text.contains(UInt8(ascii: "%")) { words.append(word) }
      } else {
        take(text)
      }
    }
  }

  /// Begins a here-document, whose delimiter may have quotes.
  private mutating func begin(_ text: ArraySlice<UInt8>) {
    delimiter = text.filter { !$0.isQuote }
    state = .command
  }

  private mutating func take(_ text: ArraySlice<UInt8>) {
    guard text.count <= 24 else { return }
    if text.elementsEqual("{".utf8) || text.elementsEqual("do".utf8) { return openGroup() }
    if text.elementsEqual("}".utf8) || text.elementsEqual("done".utf8) { return closeGroup() }
    let name = String(
      decoding: text[((text.lastIndex { $0 == UInt8(ascii: "/") } ?? text.startIndex - 1) + 1)...], as: UTF8.self)
    if words.isEmpty, ["echo", "printf", "yes"].contains(name) { state = .printing }
    if SecretList.inputPrograms.contains(name) || SecretList.inputOptions.contains(name) { isReader = true }
    // `-pass stdin`.
    if text.elementsEqual("stdin".utf8) { isReader = true }
    if name.hasPrefix("--"), name.contains("stdin") { isReader = true }
    if !words.isEmpty, SecretList.inputWords.contains(name) { isPossible = true }
  }
}

extension SecretFinder {
  /// Marks the words that a program of this command line reads as a secret.
  mutating func scanInput(_ word: Range<Int>, _ input: inout SecretInput) {
    input.add(word, in: bytes)
    guard input.isSecret || input.isPossible else { return }
    for word in input.words {
      let word = unquoted(word)
      // `user:password` of chpasswd.
      let form: SecretList.Form = bytes[word].contains(UInt8(ascii: ":")) ? .after(":") : .whole
      mark(word, input.isSecret ? form : .random(isPassword: false), .secret)
    }
  }
}
