internal import SystemIO

/// Finds the secrets of a command line, by its arguments.
///
/// Joined by blanks first, a value with a blank could not be told from the next argument. An argument with blanks is
/// read as a command line of its own, too, as of `sh -c`.
struct SecretFinder {
  /// Nested command lines that are read: `ssh host "sh -c '…'"`.
  private static let maxDepth = 3

  let bytes: [UInt8]
  /// The secrets, unordered; they may overlap.
  var found: [Range<Int>] = []
  /// Whether the text being read belongs to a shell's command line, in which variables are not yet expanded.
  private(set) var isShellText = false
  /// The end of `--name=`, where the value of this option of a program is no secret.
  private var harmlessEnd: Int?

  /// A value that the next argument holds.
  private struct Expected {
    let form: SecretList.Form
    let kind: SecretName.Kind
    /// Whether the next argument may be an option instead: `--password --user x` asks for it.
    let isOptional: Bool

    /// Whether the value comes behind this argument: `Authorization: Bearer x`, `password = x` of several arguments.
    func continues(after argument: ArraySlice<UInt8>) -> Bool {
      guard argument.count <= 7 else { return false }
      let text = SecretName.lowerCase(argument)
      return text == "=" || text == ":" || form == .credentials && SecretList.schemes.contains(text)
    }
  }

  /// The programs named so far in a command line.
  private struct Context {
    /// Those whose options apply: several if one may be the value of an option, `-u script`.
    var programs: [Entry] = []
    var isShell = false
    var expected: Expected?
    var input = SecretInput()
  }

  /// A program, and the mode that its last word chose.
  private struct Entry {
    let program: SecretList.Program
    var options: [SecretList.Option]
    var operand: SecretList.Form?
    /// Operands before the first secret one, and secret ones.
    var skips: Int
    var count = Int.max

    init(_ program: SecretList.Program) {
      self.program = program
      (options, operand, skips) = (program.options, program.operand, program.skips)
    }

    mutating func enter(_ mode: SecretList.Mode) {
      options = mode.options + options
      (operand, skips, count) = (mode.operand ?? operand, mode.skips, mode.count)
    }

    /// The form of the next operand; nil if it is no secret.
    mutating func nextOperand() -> SecretList.Form? {
      guard let operand, count > 0 else { return nil }
      if skips > 0 {
        skips -= 1
        return nil
      }
      count -= 1
      return operand
    }
  }

  /// Programs whose options apply at the same time.
  private static let maxPrograms = 3

  /// Finds the secrets of arguments, given by their places in `bytes`.
  init(_ bytes: [UInt8], arguments: [Range<Int>]) {
    self.bytes = bytes
    scan(arguments, depth: 0, programs: [])
  }

  /// - Parameter programs: those that read these arguments as lines of their own commands.
  private mutating func scan(_ arguments: [Range<Int>], depth: Int, programs: [Entry]) {
    let isShellText = isShellText
    defer { self.isShellText = isShellText }
    var context = Context(programs: programs)
    var isAfterOption = false
    for (index, argument) in arguments.enumerated() {
      if argument.isEmpty, depth > 0 {
        scanSubstitution(at: argument.lowerBound, end: arguments[arguments.count - 1].upperBound)
        var input = context.input
        input.endCommand(bytes[argument.lowerBound])
        context = Context(programs: programs, input: input)
        continue
      }
      // Within a command line, arguments have their quotes.
      let content = depth > 0 ? unquoted(argument) : argument
      self.isShellText = isShellText || context.isShell && hasBlank(content)
      let isTitle = index == 0 && depth == 0
      // A login shell's name begins with a dash.
      let isOption = !isTitle && content.count > 1 && dashes(content) > 0
      defer { isAfterOption = isOption }
      if depth > 0 { scanInput(content, &context.input) }
      if let expected = context.expected {
        if expected.continues(after: bytes[content]) { continue }
        context.expected = nil
        if take(content, as: expected, &context) { continue }
      }
      let isScript =
        !isOption && hasBlank(content) && (isTitle || context.isShell && (depth == 0 || content != argument))
      if isOption {
        scanOption(content, &context)
        if context.expected == nil, isBesideUser(index, of: arguments) {
          context.expected = Expected(form: .besideUser, kind: .secret, isOptional: true)
        }
      } else if !scanProgramOption(content, &context) {
        scanOperand(content, &context, isAfterOption: isAfterOption)
      }
      scanText((harmlessEnd ?? content.lowerBound)..<content.upperBound, isScript: isScript)
      harmlessEnd = nil
      if index > 0, SecretShape.isAccessKey(bytes[arguments[index - 1]]), SecretShape.isAWSSecret(bytes[content]) {
        found.append(content)
      }
      if context.expected == nil {
        let name = index > 0 ? arguments[index - 1] : nil
        context.expected = expectedBehind(content) ?? expected(at: content, behind: name)
        if context.expected == nil, !isOption, !isTitle {
          context.expected = expectedBehindWord(content, context, behind: name)
        }
      }
      if hasBlank(content), depth < Self.maxDepth {
        // The value of ssh's option is no script, although ssh runs one: `-o "ProxyCommand=sshpass -p x ssh"`.
        let isSetting = index > 0 && bytes[arguments[index - 1]].elementsEqual("-o".utf8)
        let line = isScript && !isSetting ? content : withoutName(content)
        scan(words(of: line), depth: depth + 1, programs: context.programs.filter(\.program.readsCommands))
      }
    }
  }

  /// Marks an argument as the value of the one before it; returns whether it is.
  private mutating func take(_ argument: Range<Int>, as expected: Expected, _ context: inout Context) -> Bool {
    // `--token "" value`.
    if argument.isEmpty {
      context.expected = Expected(form: .random(isPassword: false), kind: .secret, isOptional: true)
      return true
    }
    if expected.isOptional, isOptionName(argument) { return false }
    switch expected.form {
    case .random(let isPassword) where !SecretShape.isRandom(bytes[argument], isPassword: isPassword): return false
    case .besideUser where !SecretShape.isPassword(bytes[argument]): return false
    default: break
    }
    mark(argument, expected.form, expected.kind)
    if expected.kind == .command { return false }
    context.expected = expectedBehind(argument)
    return true
  }

  /// Marks the command whose output is a secret, behind a marked `$`: `--password $(echo x)`.
  private mutating func scanSubstitution(at place: Int, end: Int) {
    guard place > 0, bytes[place] == UInt8(ascii: "("), bytes[place - 1] == UInt8(ascii: "$"),
      found.suffix(4).contains(where: { $0.upperBound == place })
    else { return }
    var last = min(bracketed(at: place, in: place..<end).upperBound + 1, end)
    // `$(cat f)suffix`.
    while last < end, bytes[last].isNameByte { last += 1 }
    add(place - 1..<last, .secret)
  }

  /// The value that follows an argument which ends with a name: `PASSWORD=`, `Authorization:`, `"token":`.
  private func expectedBehind(_ argument: Range<Int>) -> Expected? {
    guard let last = bytes[argument].last, last == UInt8(ascii: "=") || last == UInt8(ascii: ":") else {
      return argument.count == 6 && SecretName.lowerCase(bytes[argument]) == "bearer"
        ? Expected(form: .credentials, kind: .secret, isOptional: true) : nil
    }
    var end = argument.upperBound - 1
    if end > argument.lowerBound, bytes[end - 1].isQuote { end -= 1 }
    return SecretName.kind(of: bytes[nameStart(before: end, in: argument)..<end]).map {
      Expected(form: .credentials, kind: $0, isOptional: true)
    }
  }

  /// The value behind a `=` of its own.
  private func expected(at argument: Range<Int>, behind name: Range<Int>?) -> Expected? {
    guard let name, bytes[argument].elementsEqual("=".utf8) else { return nil }
    return SecretName.kind(of: bytes[name]).map { Expected(form: .whole, kind: $0, isOptional: true) }
  }

  /// The value behind a name without a hyphen, if it looks random: `password x`, `rootpw x`.
  private func expectedBehindWord(_ argument: Range<Int>, _ context: Context, behind before: Range<Int>?) -> Expected? {
    var word = bytes[argument]
    if let slash = word.lastIndex(of: UInt8(ascii: "/")), context.programs.contains(where: { $0.program.hasKeys }) {
      word = word[(slash + 1)...]
    }
    // `+rcon_password x`, an option of games.
    let isPlus = word.first == UInt8(ascii: "+")
    if isPlus { word = word.dropFirst() }
    guard (2...64).contains(word.count), word.allSatisfy(\.isNameByte), let kind = SecretName.kind(of: word)
    else { return nil }
    // `jq --arg password x`.
    let isNamed = before.map { bytes[$0].elementsEqual("--arg".utf8) } ?? false
    if isPlus || isNamed { return Expected(form: .whole, kind: kind, isOptional: true) }
    let name = SecretName.lowerCase(word)
    // A program, or a command of one whose secrets are known.
    if name.hasSuffix("passwd") { return nil }
    if context.programs.contains(where: { $0.program.modes.contains { word.elementsEqual($0.word) } }) { return nil }
    if SecretList.nouns.contains(name), context.programs.contains(where: { !$0.program.isShell }) { return nil }
    return Expected(form: .random(isPassword: SecretName.isPassword(word)), kind: kind, isOptional: true)
  }

  // MARK: Arguments

  /// Takes the name of a program, or a word after which its options change.
  private mutating func scanOperand(_ argument: Range<Int>, _ context: inout Context, isAfterOption: Bool) {
    if enterMode(argument, &context) { return }
    if let program = SecretPrograms.shared.program(of: bytes[argument]) {
      // The value of an option may have a program's name.
      if !isAfterOption { context.programs = [] }
      context.programs = [Entry(program)] + context.programs.prefix(Self.maxPrograms - 1)
      context.isShell = context.isShell || program.isShell
      return
    }
    for index in context.programs.indices {
      if let form = context.programs[index].nextOperand() { mark(argument, form, .secret) }
    }
  }

  /// Changes the options of a program after one of its words; returns whether the argument is one.
  private func enterMode(_ argument: Range<Int>, _ context: inout Context) -> Bool {
    let text = bytes[argument]
    for index in context.programs.indices {
      for mode in context.programs[index].program.modes where text.elementsEqual(mode.word) {
        context.programs[index].enter(mode)
        return true
      }
    }
    return false
  }

  private mutating func scanOption(_ argument: Range<Int>, _ context: inout Context) {
    if enterMode(argument, &context) || scanProgramOption(argument, &context) { return }
    let text = bytes[argument]
    for name in ["-H", "--header", "--proxy-header"] {
      if text.elementsEqual(name.utf8) {
        context.expected = Expected(form: .header, kind: .secret, isOptional: true)
        return
      }
      let start = argument.lowerBound + name.utf8.count + (name == "-H" ? 0 : 1)
      if start < argument.upperBound, text.starts(with: name.utf8) {
        mark(start..<argument.upperBound, .header, .secret)
        return
      }
    }
    for name in ["--user", "--proxy-user", "--login"] where text.starts(with: name.utf8) {
      let end = argument.lowerBound + name.utf8.count
      if end == argument.upperBound { context.expected = Expected(form: .group, kind: .secret, isOptional: true) }
      if end < argument.upperBound, bytes[end] == UInt8(ascii: "=") {
        mark(end + 1..<argument.upperBound, .group, .secret)
      }
    }
    if context.expected != nil { return }
    // `--name=value` is found by its `=`.
    guard !text.contains(UInt8(ascii: "=")), let kind = SecretName.kind(of: text, isFlagPossible: true)
    else { return }
    context.expected =
      switch kind {
      case .secretIfRandom: Expected(form: .random(isPassword: false), kind: kind, isOptional: true)
      case .secretIfPair: Expected(form: .group, kind: .secret, isOptional: true)
      default: Expected(form: .whole, kind: kind, isOptional: true)
      }
  }

  /// Applies the options of the programs; returns whether the argument is one.
  private mutating func scanProgramOption(_ argument: Range<Int>, _ context: inout Context) -> Bool {
    for entry in context.programs where scanOption(argument, of: entry, &context) { return true }
    return false
  }

  private mutating func scanOption(_ argument: Range<Int>, of entry: Entry, _ context: inout Context) -> Bool {
    for option in entry.options {
      let name = option.name
      var start = argument.lowerBound
      if !entry.program.flags.isEmpty, name.count == 2 { skipFlags(of: entry.program, argument, &start) }
      let text = bytes[start..<argument.upperBound]
      guard start > argument.lowerBound ? text.first == name[1] : text.starts(with: name) else { continue }
      let end = start > argument.lowerBound ? start + 1 : start + name.count
      if end == argument.upperBound {
        guard option.isSeparate else {
          // An option without a value.
          if !option.isAttached { return true }
          continue
        }
        // A value that is no secret may be absent: `--auth-user-pass --pkcs11-pin x`.
        context.expected = Expected(form: option.form, kind: .secret, isOptional: option.form == .none)
        return true
      }
      let isLong = name.count > 3 && name.last != UInt8(ascii: ":")
      guard option.isAttached, !isLong || bytes[end] == UInt8(ascii: "=") else { continue }
      let value = isLong || name.count > 2 && bytes[end] == UInt8(ascii: "=") ? end + 1 : end
      if option.form == .none { harmlessEnd = value }
      mark(value..<argument.upperBound, option.form, .secret)
      return true
    }
    return false
  }

  /// Skips options without a value before another one: `-su`.
  private func skipFlags(of program: SecretList.Program, _ argument: Range<Int>, _ start: inout Int) {
    guard argument.count > 2, bytes[argument.lowerBound + 1] != UInt8(ascii: "-") else { return }
    var place = argument.lowerBound + 1
    while place < argument.upperBound, program.flags.utf8.contains(bytes[place]) { place += 1 }
    if place > argument.lowerBound + 1, place < argument.upperBound { start = place }
  }

  /// Whether an option is `-p` beside `-u user`, of any program.
  private func isBesideUser(_ index: Int, of arguments: [Range<Int>]) -> Bool {
    func has(_ index: Int, _ names: [String]) -> Bool {
      arguments.indices.contains(index) && names.contains { bytes[arguments[index]].elementsEqual($0.utf8) }
    }
    guard has(index, SecretList.optionsBesideUser) else { return false }
    return has(index - 2, SecretList.userOptions) || has(index + 2, SecretList.userOptions)
  }

  /// Whether an argument is an option rather than a value that begins with a hyphen.
  private func isOptionName(_ argument: Range<Int>) -> Bool {
    let text = bytes[argument]
    guard text.first == UInt8(ascii: "-") else { return text.count > dashes(argument) && dashes(argument) > 0 }
    guard text.count > 1 else { return false }
    if text.count == 2 { return true }
    return text.dropFirst().first == UInt8(ascii: "-") && text.dropFirst(2).first.map { ($0 | 0x20) >= 0x61 } == true
  }

  /// Number of bytes of the hyphens at the beginning of an argument, or of the dashes that editors of text make of them:
  /// U+2010 to U+2015 and U+2212.
  private func dashes(_ argument: Range<Int>) -> Int {
    var place = argument.lowerBound
    while place < argument.upperBound {
      if bytes[place] == UInt8(ascii: "-") {
        place += 1
      } else if bytes[place] == 0xE2, place + 2 < argument.upperBound,
        bytes[place + 1] == 0x80 && (0x90...0x95).contains(bytes[place + 2])
          || bytes[place + 1] == 0x88 && bytes[place + 2] == 0x92
      {
        place += 3
      } else {
        break
      }
    }
    return place - argument.lowerBound
  }
}

extension UInt8 {
  /// Whether it is a quote of a shell.
  var isQuote: Bool { self == UInt8(ascii: "'") || self == UInt8(ascii: "\"") }
}
