import ArgumentParser
import SystemIO

/// A section of the program's settings: each property is a ``SettingRow``.
protocol SettingTable: Sendable {
  init()
  /// The section of `--help`.
  static var title: String { get }
}

extension SettingTable {
  /// The rows in the order of their declaration.
  static var rows: [any AnySettingRow] {
    Mirror(reflecting: Self()).children.compactMap { $0.value as? any AnySettingRow }
  }
}

/// Looks a variable up: the environment, a file.
typealias SettingSource = @Sendable (_ variable: String) -> String?

/// The environment as a source of settings.
let processEnvironment: SettingSource = { name in getenv(name).map { String(cString: $0) } }

/// A variable's text that is not empty, with the place that set it.
struct FoundText {
  let text: String
  /// The variable, or `FILE:LINE: VARIABLE`.
  let origin: String

  init?(_ variable: String, _ sources: [SettingSource], _ file: ConfigFile?) {
    if let text = sources.lazy.compactMap({ $0(variable) }).first(where: { !$0.isEmpty }) {
      self.init(text: text, origin: variable)
    } else if let file, let text = file.value(of: variable), !text.isEmpty {
      self.init(text: text, origin: file.origin(of: variable))
    } else if let text = ServiceDefaults.text(of: variable, sources) {
      self.init(text: text, origin: variable)
    } else {
      return nil
    }
  }

  private init(text: String, origin: String) {
    self.text = text
    self.origin = origin
  }
}

/// An invalid setting: one line with the flag or variable, the value and the allowed values.
struct SettingError: UserError, Equatable {
  let name: String
  let value: String
  let reason: String

  var exitStatus: Int32 { ExitStatus.usage }
  /// Goes to logs and terminals: the value is shown without secrets.
  var description: String { "\(name): invalid value \"\(ShownValue.refused(value))\": \(reason)" }
}

/// The values of a section's settings, as properties with the rows' names.
@dynamicMemberLookup
struct SettingValues<Table: SettingTable> {
  private let table = Table()
  private var values: [String: any Sendable] = [:]
  private var origins: [String: String] = [:]
  /// The given texts by flag, to compare two readings of the settings.
  private(set) var texts: [String: String] = [:]

  subscript<Value>(dynamicMember row: KeyPath<Table, SettingRow<Value>>) -> Value {
    let row = table[keyPath: row]
    guard let value = values[row.about.flag] else { return row.fallback }
    return value as? Value ?? row.fallback
  }

  /// The flag or variable that a value is from; the flag for a default.
  func origin<Value>(of row: KeyPath<Table, SettingRow<Value>>) -> String {
    let flag = table[keyPath: row].about.flag
    return origins[flag] ?? "--" + flag
  }

  fileprivate mutating func set(_ row: any AnySettingRow, _ words: [String], from origin: String) throws(SettingError) {
    do throws(SettingRefusal) {
      values[row.about.flag] = try row.value(of: words)
      origins[row.about.flag] = origin
      texts[row.about.flag] = words.joined(separator: " ")
    } catch {
      throw SettingError(name: origin, value: error.word, reason: error.reason)
    }
  }
}

/// The options of a section.
///
/// The argument parser finds options by reflection; the mirror supplies one for each row, so that a new setting needs no
/// property here.
struct SettingOptions<Table: SettingTable>: ParsableArguments, CustomReflectable {
  /// Values by flag, as given.
  private var words: [String: [String]] = [:]

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    for about in Table.rows.map(\.about) {
      let key = Key(stringValue: about.flag)
      if about.valueName == nil {
        if try container.decode(Flag<Bool>.self, forKey: key).wrappedValue { words[about.flag] = ["1"] }
      } else {
        words[about.flag] = try container.decode(Option<[String]>.self, forKey: key).wrappedValue
      }
    }
  }

  /// The same command line for another table, which has some of the flags.
  func converted<Other: SettingTable>(to: Other.Type) -> SettingOptions<Other> {
    var options = SettingOptions<Other>()
    for flag in Other.rows.map(\.about.flag) { options.words[flag] = words[flag] }
    return options
  }

  /// Adds the flags of other options.
  mutating func merge(_ other: Self) {
    words.merge(other.words) { $0 + $1 }
  }

  var customMirror: Mirror {
    Mirror(self, children: Table.rows.map { (label: $0.about.flag, value: Self.option($0.about)) })
  }

  private static func option(_ about: SettingAbout) -> Any {
    let name = NameSpecification.customLong(about.flag)
    guard let valueName = about.valueName else {
      return Flag<Bool>(wrappedValue: false, name: name, help: ArgumentHelp(about.fullHelp))
    }
    // Unconditional, so that "-5" is an invalid value and not an unknown option.
    return Option<[String]>(
      wrappedValue: [], name: name, parsing: .unconditionalSingleValue,
      help: ArgumentHelp(about.fullHelp, valueName: valueName), completion: about.domain.completion)
  }

  /// The values by precedence: flags, then the sources in their order, then the file, then defaults.
  ///
  /// An empty variable counts as not set, as in a unit's EnvironmentFile.
  func values(_ sources: [SettingSource], file: ConfigFile? = nil) throws(SettingError) -> SettingValues<Table> {
    var result = SettingValues<Table>()
    for row in Table.rows {
      if let words = words[row.about.flag], !words.isEmpty {
        try result.set(row, words, from: "--" + row.about.flag)
      } else if let variable = row.about.variable,
        let found = FoundText(variable, sources, file)
      {
        let words = row.about.words(of: found.text)
        if !words.isEmpty { try result.set(row, words, from: found.origin) }
      }
    }
    return result
  }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
