/// What the catalog says of one figure.
public struct Definition: Sendable, Hashable {
  /// Whether a figure is a level, grows for ever, or is a text.
  public enum Kind: String, Sendable {
    /// A level that goes up and down.
    case gauge
    /// A total that only grows until its source restarts.
    case counter
    /// A text that names or describes.
    case info
    /// True or false; 1 or 0 as a number.
    case flag
  }

  /// The member's name in JSON, with the unit last.
  public let name: String
  /// The unit in which JSON shows it.
  public let unit: Unit
  /// Level, counter, text or flag.
  public let kind: Kind
  /// One line that says what it is.
  public let help: String
  /// Where it comes from: formula and kernel file.
  public let source: String
}

/// One figure of a domain: its definition and how to read it from the domain's value.
///
/// Accessors are non-capturing closures, not key paths: reading through a key path costs hundreds of times more.
public struct Field<Domain: Sendable>: Sendable {
  enum Access: Sendable {
    case number(@Sendable (Domain) -> Double)
    case text(@Sendable (Domain) -> String?)
    case flag(@Sendable (Domain) -> Bool?)
    case part(Part<Domain>)
  }

  let definition: Definition
  let access: Access

  /// A level in the unit's *base* (bytes for ``Unit/mebibytes``); NaN where absent.
  public static func gauge(
    _ name: String, _ unit: Unit, _ help: String, source: String = "", _ value: @escaping @Sendable (Domain) -> Double
  ) -> Field {
    Field(
      definition: Definition(name: name, unit: unit, kind: .gauge, help: help, source: source), access: .number(value))
  }

  /// A total since the source's start, in the unit's base; NaN where absent.
  public static func counter(
    _ name: String, _ unit: Unit, _ help: String, source: String = "", _ value: @escaping @Sendable (Domain) -> Double
  ) -> Field {
    Field(
      definition: Definition(name: name, unit: unit, kind: .counter, help: help, source: source), access: .number(value)
    )
  }

  /// A name or a description; nil where absent.
  public static func text(
    _ name: String, _ help: String, source: String = "", _ value: @escaping @Sendable (Domain) -> String?
  ) -> Field {
    Field(
      definition: Definition(name: name, unit: .none, kind: .info, help: help, source: source), access: .text(value))
  }

  /// True or false; nil where absent.
  public static func flag(
    _ name: String, _ help: String, source: String = "", _ value: @escaping @Sendable (Domain) -> Bool?
  ) -> Field {
    Field(
      definition: Definition(name: name, unit: .none, kind: .flag, help: help, source: source), access: .flag(value))
  }

  /// A domain inside this one: a JSON object; left out where nil.
  public static func part<Inner: Sendable>(
    _ name: String, _ table: Table<Inner>, _ value: @escaping @Sendable (Domain) -> Inner?
  ) -> Field {
    Field(
      definition: Definition(name: name, unit: .none, kind: .info, help: "", source: ""),
      access: .part(
        Part(
          isList: false, labels: [], isSeries: true,
          visit: { domain, visitor in
            guard let inner = value(domain) else { return }
            visitor.enter(name)
            table.visit(inner, visitor)
            visitor.leave()
          },
          metrics: { table.metrics(prefix: $0) { domain, labels, body in value(domain).map { body($0, labels) } } }
        )))
  }

  /// Many of one kind: a JSON array of objects; left out where nil, empty where there are none.
  ///
  /// - Parameters:
  ///   - keys: the labels that tell one from another, in the order in which they identify it.
  ///   - isSeries: false where entries come and go too fast to be time series (processes).
  public static func list<Inner: Sendable>(
    _ name: String, keys: [Key<Inner>], isSeries: Bool = true, _ table: Table<Inner>,
    _ value: @escaping @Sendable (Domain) -> [Inner]?
  ) -> Field {
    Field(
      definition: Definition(name: name, unit: .none, kind: .info, help: "", source: ""),
      access: .part(
        Part(
          isList: true, labels: keys.map(\.label), isSeries: isSeries,
          visit: { domain, visitor in
            guard let items = value(domain) else { return }
            visitor.enterList(name)
            for item in items {
              visitor.enterItem()
              table.visit(item, visitor)
              visitor.leave()
            }
            visitor.leaveList()
          },
          metrics: {
            table.metrics(prefix: $0) { domain, labels, body in
              for item in value(domain) ?? [] { body(item, labels + keys.map { $0.value(item) }) }
            }
          }
        )))
  }
}

/// A label that tells one entry of a list from another.
public struct Key<Domain: Sendable>: Sendable {
  let label: String
  let value: @Sendable (Domain) -> String

  /// A label and how to read it.
  public init(_ label: String, _ value: @escaping @Sendable (Domain) -> String) {
    self.label = label
    self.value = value
  }
}

/// A nested domain with its type erased.
struct Part<Domain: Sendable>: Sendable {
  let isList: Bool
  let labels: [String]
  let isSeries: Bool
  let visit: @Sendable (Domain, any FieldVisitor) -> Void
  /// The metrics below, given the id of this part.
  let metrics: @Sendable (String) -> [DomainMetric<Domain>]
}

/// A metric read from some domain, on its way up to the Sample.
struct DomainMetric<Domain: Sendable>: Sendable {
  let id: String
  let definition: Definition
  let labels: [String]
  let isSeries: Bool
  let values: @Sendable (Domain, [String], (_ labels: [String], _ value: Double) -> Void) -> Void
}

/// A domain's fields in the order in which JSON shows them: the one place where a figure is defined.
public struct Table<Domain: Sendable>: Sendable {
  let fields: [Field<Domain>]

  /// The fields in order.
  public init(_ fields: [Field<Domain>]) {
    self.fields = fields
  }

  /// Shows every present figure of `domain` to `visitor`; absent ones are passed over.
  public func visit(_ domain: Domain, _ visitor: any FieldVisitor) {
    for field in fields {
      switch field.access {
      case .number(let read):
        let value = read(domain)
        if value.isFinite { visitor.number(field.definition, value) }
      case .text(let read):
        if let value = read(domain) { visitor.text(field.definition, value) }
      case .flag(let read):
        if let value = read(domain) { visitor.flag(field.definition, value) }
      case .part(let part):
        part.visit(domain, visitor)
      }
    }
  }

  /// Every figure as a metric of an outer domain, from which `reach` finds the values of this one.
  func metrics<Outer: Sendable>(
    prefix: String,
    _ reach: @escaping @Sendable (Outer, [String], (Domain, [String]) -> Void) -> Void
  ) -> [DomainMetric<Outer>] {
    var result: [DomainMetric<Outer>] = []
    for field in fields {
      let id = prefix.isEmpty ? field.definition.name : prefix + "." + field.definition.name
      func add(_ read: @escaping @Sendable (Domain) -> Double) {
        result.append(
          DomainMetric(id: id, definition: field.definition, labels: [], isSeries: true) { outer, labels, body in
            reach(outer, labels) { domain, labels in
              let value = read(domain)
              if value.isFinite { body(labels, value) }
            }
          })
      }
      switch field.access {
      case .number(let read): add(read)
      case .flag(let read): add { domain in read(domain).map { $0 ? 1 : 0 } ?? .nan }
      case .text: add { _ in .nan }
      case .part(let part):
        for inner in part.metrics(id) {
          result.append(
            DomainMetric(
              id: inner.id, definition: inner.definition, labels: part.labels + inner.labels,
              isSeries: part.isSeries && inner.isSeries
            ) { outer, labels, body in
              reach(outer, labels) { domain, labels in inner.values(domain, labels, body) }
            })
        }
      }
    }
    return result
  }
}

/// Something that is shown a Sample figure by figure: the JSON writer, a test.
///
/// A class, because the tables hold their nested parts with the type erased and cannot be generic over their visitor.
public protocol FieldVisitor: AnyObject {
  /// A finite number in the unit's base.
  func number(_ definition: Definition, _ value: Double)
  /// A text.
  func text(_ definition: Definition, _ value: String)
  /// A truth value.
  func flag(_ definition: Definition, _ value: Bool)
  /// A nested domain begins.
  func enter(_ name: String)
  /// The nested domain, or the list's entry, ends.
  func leave()
  /// A list begins.
  func enterList(_ name: String)
  /// An entry of the list begins.
  func enterItem()
  /// The list ends.
  func leaveList()
}
