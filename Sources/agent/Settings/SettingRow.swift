import ArgumentParser

/// A setting of the program: a row of a ``SettingTable``.
///
/// The command line's option, the variable, `--help` and the README's table all derive from the row.
struct SettingRow<Value: Sendable>: Sendable {
  let about: SettingAbout
  let fallback: Value
  private let parse: @Sendable ([String]) throws(SettingRefusal) -> Value

  /// Creates a setting with a default.
  ///
  /// - Parameters:
  ///   - synopsis: flag and placeholder, `--port <port>`.
  ///   - shown: the default as the user would write it, if it differs from the value's description.
  init(
    _ synopsis: String, variable: String? = nil, default fallback: Value, shown: String? = nil,
    _ domain: SettingDomain<Value>, _ help: String
  ) {
    about = SettingAbout(
      synopsis, variable, default: shown ?? String(describing: fallback), domain.about, help)
    self.fallback = fallback
    parse = { words throws(SettingRefusal) in try Self.last(words, domain) ?? fallback }
  }

  /// Creates a setting that is absent by default.
  init<Wrapped: Sendable>(
    _ synopsis: String, variable: String? = nil, _ domain: SettingDomain<Wrapped>, _ help: String
  ) where Value == Wrapped? {
    about = SettingAbout(synopsis, variable, default: nil, domain.about, help)
    fallback = nil
    parse = { words throws(SettingRefusal) in try Self.last(words, domain) }
  }

  /// Creates a setting whose flag may be repeated.
  ///
  /// - Parameter separator: what separates the values of its variable.
  init<Element: Sendable>(
    list synopsis: String, variable: String? = nil, separator: SettingAbout.Separator = .whitespace,
    _ domain: SettingDomain<Element>, _ help: String
  ) where Value == [Element] {
    about = SettingAbout(synopsis, variable, default: nil, domain.about, help, separator: separator)
    fallback = []
    parse = { words throws(SettingRefusal) in
      var values: [Element] = []
      for word in words { values.append(try domain.value(word)) }
      return values
    }
  }

  /// Creates a flag without a value; its variable is 1 or 0.
  init(_ flag: String, variable: String? = nil, _ help: String) where Value == Bool {
    let domain = SettingDomain<Bool>.words(["1", "0"]) { $0 == "1" }
    about = SettingAbout(flag, variable, default: nil, SettingDomainAbout(allowed: variable == nil ? "" : "1, 0"), help)
    fallback = false
    parse = { words throws(SettingRefusal) in try Self.last(words, domain) ?? false }
  }

  /// The last value wins, as for curl and systemd; each must be valid.
  private static func last<Element>(
    _ words: [String], _ domain: SettingDomain<Element>
  ) throws(SettingRefusal) -> Element? {
    var value: Element?
    for word in words { value = try domain.value(word) }
    return value
  }
}

extension SettingRow: AnySettingRow {
  func value(of words: [String]) throws(SettingRefusal) -> any Sendable { try parse(words) }
}

/// A row without its value's type, to iterate over a table.
protocol AnySettingRow: Sendable {
  var about: SettingAbout { get }

  /// Parses the words of its flag or variable.
  func value(of words: [String]) throws(SettingRefusal) -> any Sendable
}

/// The values that a setting accepts.
struct SettingDomain<Value: Sendable>: Sendable {
  let about: SettingDomainAbout
  private let parse: @Sendable (String) throws(SettingRefusal) -> Value

  /// - Parameters:
  ///   - allowed: completes "must be …".
  ///   - parse: returns nil for an invalid text.
  init(
    _ allowed: String, completion: CompletionKind = .default, parse: @escaping @Sendable (String) -> Value?
  ) {
    self.init(SettingDomainAbout(allowed: allowed, completion: completion)) { word throws(SettingRefusal) in
      guard let value = parse(word) else { throw SettingRefusal(word: word, reason: "must be " + allowed) }
      return value
    }
  }

  /// - Parameter parse: throws a refusal with a reason of its own.
  init(_ about: SettingDomainAbout, parse: @escaping @Sendable (String) throws(SettingRefusal) -> Value) {
    self.about = about
    self.parse = parse
  }

  func value(_ word: String) throws(SettingRefusal) -> Value { try parse(word) }
}

/// The values that a setting accepts, in words.
struct SettingDomainAbout: Sendable {
  var allowed: String
  /// Whether `--help` lists them too.
  var isInHelp = false
  /// Whether paths of URLs are secrets.
  var hidesPaths = false
  var completion = CompletionKind.default
}

/// A word that a setting does not accept.
struct SettingRefusal: Error {
  let word: String
  let reason: String
}

extension SettingDomain where Value == Int {
  /// Whole numbers of a range, in digits.
  static func integer(_ range: ClosedRange<Int>) -> Self {
    let allowed = "an integer from \(range.lowerBound) to \(range.upperBound)"
    return Self(SettingDomainAbout(allowed: allowed, isInHelp: true)) { word throws(SettingRefusal) in
      guard word.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(word), range.contains(number) else {
        throw SettingRefusal(word: word, reason: "must be " + allowed)
      }
      return number
    }
  }
}

extension SettingDomain where Value == String {
  /// One of some words.
  static func words(_ words: [String]) -> Self { Self.words(words) { $0 } }

  /// A path that does not name a folder.
  static var file: Self {
    Self("the path of a file", completion: .file()) { path in
      path.isEmpty || path.utf8.contains(0) || path.utf8.last == UInt8(ascii: "/") ? nil : path
    }
  }

  /// Any text but an empty one.
  static func text(_ allowed: String) -> Self { Self(allowed) { $0.isEmpty ? nil : $0 } }
}

extension SettingDomain where Value: RawRepresentable<String> & CaseIterable {
  /// One of an enumeration's cases.
  static var choice: Self { words(Value.allCases.map(\.rawValue), Value.init(rawValue:)) }
}

extension SettingDomain {
  /// One of some words.
  static func words(_ words: [String], _ parse: @escaping @Sendable (String) -> Value?) -> Self {
    let allowed = words.joined(separator: ", ")
    return Self(
      SettingDomainAbout(allowed: allowed, isInHelp: true, completion: .list(words))
    ) { word throws(SettingRefusal) in
      guard words.contains(word), let value = parse(word) else {
        throw SettingRefusal(word: word, reason: "must be one of " + allowed)
      }
      return value
    }
  }
}

/// A setting's names, default and help.
struct SettingAbout: Sendable {
  /// What separates several values in a variable.
  enum Separator: Sendable {
    case comma, semicolon, whitespace

    /// What to type between two values, in words.
    var name: String {
      switch self {
      case .comma: "commas"
      case .semicolon: "semicolons"
      case .whitespace: "spaces"
      }
    }
  }

  /// The flag without its dashes.
  let flag: String
  /// The placeholder of the value; nil for a flag without one.
  let valueName: String?
  let variable: String?
  /// The default as the user would write it; nil if the setting is absent by default.
  let fallback: String?
  let domain: SettingDomainAbout
  let help: String
  /// Set where several values are allowed.
  let separator: Separator?

  init(
    _ synopsis: String, _ variable: String?, default fallback: String?, _ domain: SettingDomainAbout, _ help: String,
    separator: Separator? = nil
  ) {
    let parts = synopsis.split(separator: " ", maxSplits: 1)
    flag = String(parts[0].drop { $0 == "-" })
    valueName = parts.count > 1 ? String(parts[1].filter { $0 != "<" && $0 != ">" }) : nil
    self.variable = variable
    self.fallback = fallback
    self.domain = domain
    self.help = help
    self.separator = separator
  }

  /// The text that has the same effect as an absent setting; nil without a default.
  var defaultText: String? { fallback ?? (valueName == nil ? "0" : nil) }

  /// "may be repeated, in the variable separated by spaces"; nil for a single value.
  var repetition: String? {
    separator.map { "may be repeated" + (variable == nil ? "" : ", in the variable separated by " + $0.name) }
  }

  /// The help with allowed values, default and variable, for `--help`.
  var fullHelp: String {
    let notes = [
      domain.isInHelp ? domain.allowed : nil, repetition,
      fallback.map { "default: " + $0 }, variable.map { "env: " + $0 },
    ].compactMap { $0 }
    return notes.isEmpty ? help : help + " [" + notes.joined(separator: "; ") + "]"
  }

  /// A variable's text as the values that flags would have.
  func words(of text: String) -> [String] {
    switch separator {
    case nil: [text]
    case .whitespace: text.split(whereSeparator: \.isWhitespace).map(String.init)
    case .comma, .semicolon:
      text.split(separator: separator == .comma ? "," : ";").map { $0.split(separator: " ").joined(separator: " ") }
        .filter { !$0.isEmpty }
    }
  }
}
