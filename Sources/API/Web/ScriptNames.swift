/// Short names for a module's own variables, functions, classes and imports.
///
/// A name keeps one spelling in the whole module, so that its declarations go on hiding one another as before. It is left
/// as it is where a use of it could mean anything else: a global of the browser, an export, a property. A module with
/// syntax that is not known here keeps all its names.
struct ScriptNames {
  /// How a name is written where it is used.
  private enum Use {
    case plain
    /// `{ name }` of an object or a pattern: the property keeps its name.
    case shorthand
    /// `{ name }` of an import.
    case imported
  }

  private let code: ScriptSyntax
  /// Where each declared name is known, by name: ranges of tokens.
  private var scopes: [String: [Range<Int>]] = [:]
  private var exported: Set<String> = []
  /// Words of import statements other than the names in this module.
  private var foreign: Set<Int> = []
  /// Names in braces of import statements.
  private var imported: Set<Int> = []

  /// The new text of each token that changes, by its index.
  static func shortened(
    _ tokens: [ScriptToken], in source: [UInt8]
  ) throws(UnclearScript) -> [Int: String] {
    var names = ScriptNames(code: try ScriptSyntax(tokens, in: source))
    try names.declare()
    return names.replacements(try names.uses())
  }

  private init(code: ScriptSyntax) { self.code = code }

  // MARK: Declarations

  /// Collects every declaration.
  private mutating func declare() throws(UnclearScript) {
    for index in code.words.indices where !code.isProperty(index) {
      // The value of a class's field is not known from the names of its members.
      if code.isSign(index, "="), code.role(around: index) == .members { throw UnclearScript() }
      switch code.words[index] {
      case "import" where !code.isSign(index + 1, ".", "("): try declareImports(at: index)
      case "const", "let": try declareVariables(at: index)
      case "function", "class": try declareNamed(at: index)
      case "var", "eval", "with", "debugger": throw UnclearScript()
      case "export" where code.isSign(index + 1, "{", "*"): throw UnclearScript()
      case "" where code.isSign(index, "("): try declareParameters(at: index)
      case let word where !word.isEmpty && !ScriptSyntax.keywords.contains(word) && code.isArrow(index + 1):
        add(index, in: index..<code.endOfBody(index + 3))
      default: break
      }
    }
  }

  private mutating func add(_ index: Int, in scope: Range<Int>) {
    scopes[code.words[index], default: []].append(scope)
  }

  private mutating func declareImports(at start: Int) throws(UnclearScript) {
    var index = start + 1
    while index < code.words.count, code.tokens[index].kind != .text {
      let word = code.words[index]
      if word.isEmpty || ["as", "from"].contains(word) && !code.isSign(index - 1, "{", ",") {
        foreign.insert(index)
      } else if code.word(index + 1) == "as" {
        foreign.insert(index)
      } else {
        if code.parents[index] != nil, code.words[index - 1] != "as" { imported.insert(index) }
        add(index, in: code.all)
      }
      guard code.isSign(index, "{", "}", ",", "*") || !word.isEmpty else { throw UnclearScript() }
      index += 1
    }
  }

  private mutating func declareVariables(at start: Int) throws(UnclearScript) {
    let isExported = code.word(start - 1) == "export"
    var scope = code.all
    if let parent = code.parents[start] {
      if code.isSign(parent, "("), code.word(parent - 1) == "for" || code.word(parent - 2) == "for" {
        scope = parent..<code.endOfStatement(code.after(parent))
      } else if code.roles[parent] == .block {
        scope = parent..<code.after(parent)
      } else {
        throw UnclearScript()
      }
    }
    var index = start + 1
    while true {
      let first = index
      try declarePattern(at: &index, in: scope)
      if isExported { exported.formUnion(code.words[first..<index].filter { !$0.isEmpty }) }
      if code.isSign(index, "=") { try code.skipExpression(at: &index) }
      guard code.isSign(index, ",") else { return }
      index += 1
    }
  }

  /// Declares the names of a pattern, and leaves the index behind it.
  private mutating func declarePattern(at index: inout Int, in scope: Range<Int>) throws(UnclearScript) {
    guard index < code.words.count else { throw UnclearScript() }
    if !code.words[index].isEmpty {
      add(index, in: scope)
      index += 1
      return
    }
    let isObject = code.isSign(index, "{")
    guard isObject || code.isSign(index, "[") else { throw UnclearScript() }
    let end = code.after(index) - 1
    index += 1
    while index < end {
      if code.isSign(index, ",", ".") {
        index += 1
        continue
      }
      if isObject, code.isSign(index + 1, ":") { index += 2 }
      try declarePattern(at: &index, in: scope)
      if code.isSign(index, "=") { try code.skipExpression(at: &index) }
      guard index == end || code.isSign(index, ",") else { throw UnclearScript() }
    }
    index = end + 1
  }

  /// Declares a function or class in the block around it.
  private mutating func declareNamed(at start: Int) throws(UnclearScript) {
    let name = code.isSign(start + 1, "*") ? start + 2 : start + 1
    let word = code.word(name)
    guard !word.isEmpty, word != "extends" else { return }
    var before = code.word(start - 1) == "async" ? start - 2 : start - 1
    let isExported = code.word(before) == "export"
    if isExported { before -= 1 }
    // The name of an expression is known in it alone.
    guard before < 0 || code.isSign(before, ";", "}", "{"), code.role(around: start) == .block else {
      throw UnclearScript()
    }
    add(name, in: code.parents[start].map { $0..<code.after($0) } ?? code.all)
    if isExported { exported.insert(word) }
  }

  /// Declares the parameters in parentheses that belong to a function, a method, an arrow or a catch.
  private mutating func declareParameters(at start: Int) throws(UnclearScript) {
    let after = code.after(start)
    let end: Int
    if code.isArrow(after) {
      end = code.endOfBody(after + 2)
    } else if code.isBlock(after), !["if", "for", "while", "switch", "await"].contains(code.word(start - 1)) {
      guard code.tokens[after].separator == nil else { throw UnclearScript() }
      end = code.after(after)
    } else {
      return
    }
    var index = start + 1
    while index < after - 1 {
      if code.isSign(index, ",", ".") {
        index += 1
        continue
      }
      try declarePattern(at: &index, in: start..<end)
      if code.isSign(index, "=") { try code.skipExpression(at: &index) }
      guard index == after - 1 || code.isSign(index, ",") else { throw UnclearScript() }
    }
  }

  // MARK: Uses

  /// All uses of names that are no properties, by name.
  private func uses() throws(UnclearScript) -> [String: [(index: Int, use: Use)]] {
    var result: [String: [(index: Int, use: Use)]] = [:]
    for (index, word) in code.words.enumerated() where !word.isEmpty && !foreign.contains(index) {
      if ScriptSyntax.keywords.contains(word) || code.isProperty(index) { continue }
      var use = imported.contains(index) ? Use.imported : .plain
      if let parent = code.parents[index], use == .plain {
        switch code.roles[parent] {
        case .members: continue
        case .object:
          switch try code.place(ofMember: index, in: parent) {
          case .key: continue
          case .shorthand: use = .shorthand
          case .value: break
          }
        default: break
        }
      }
      result[word, default: []].append((index, use))
    }
    return result
  }

  private func replacements(_ uses: [String: [(index: Int, use: Use)]]) -> [Int: String] {
    let renamed = uses.filter { name, uses in
      guard let scopes = scopes[name], !exported.contains(name) else { return false }
      return uses.allSatisfy { use in scopes.contains { $0.contains(use.index) } }
    }
    var taken = ScriptSyntax.keywords.union(uses.keys).subtracting(renamed.keys)
    var result: [Int: String] = [:]
    let order = renamed.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
    for (name, uses) in order {
      let short = Self.free(taken)
      let texts = uses.map { _, use in
        switch use {
        case .plain: short
        case .shorthand: name + ":" + short
        case .imported: name + " as " + short
        }
      }
      // A name that saves no byte stays, unless another one has taken it.
      if texts.reduce(0, { $0 + $1.utf8.count }) >= uses.count * name.utf8.count, !taken.contains(name) {
        taken.insert(name)
        continue
      }
      taken.insert(short)
      for (use, text) in zip(uses, texts) { result[use.index] = text }
    }
    return result
  }

  /// The first free name of a, b, …, Z, aa, ba, ….
  private static func free(_ taken: Set<String>) -> String {
    var number = 0
    while true {
      var (name, rest) = ("", number)
      repeat {
        name.unicodeScalars.append(UnicodeScalar(UInt8(rest % 52 < 26 ? 97 + rest % 52 : 39 + rest % 52)))
        rest = rest / 52 - 1
      } while rest >= 0
      if !taken.contains(name) { return name }
      number += 1
    }
  }
}
