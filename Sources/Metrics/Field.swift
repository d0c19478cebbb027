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

/// A struct that has a ``Table`` of fields.
public protocol Domain: Sendable {
  /// The one of which nothing is known.
  init()
}

/// A number as a domain's struct holds it; the catalog's own numbers are Doubles.
public protocol Figure: Sendable {
  /// The number; NaN where absent.
  var figure: Double { get }
  /// The number that stands for `figure`; nil where it has no place in this type.
  init?(figure: Double)
}

extension Double: Figure {
  /// The number.
  public var figure: Double { self }

  /// The number that stands for `figure`.
  public init?(figure: Double) { self = figure }
}

extension Float: Figure {
  /// The number.
  public var figure: Double { Double(self) }

  /// The number that stands for `figure`.
  public init?(figure: Double) { self = Float(figure) }
}

extension Int: Figure {
  /// The number.
  public var figure: Double { Double(self) }

  /// The number that stands for `figure`; nil for what is too great.
  public init?(figure: Double) { self.init(exactly: figure.rounded()) }
}

extension Int32: Figure {
  /// The number.
  public var figure: Double { Double(self) }

  /// The number that stands for `figure`; nil for what is too great.
  public init?(figure: Double) { self.init(exactly: figure.rounded()) }
}

/// One figure of a domain: its definition, and where the domain's struct holds it.
///
/// A field is written back where its path leads to something stored (``Table/read(from:into:)``); what is computed from
/// other fields is not.
public struct Field<Owner: Domain>: Sendable {
  enum Access: Sendable {
    case number(@Sendable (Owner) -> Double, set: (@Sendable (inout Owner, Double) -> Void)?)
    case text(@Sendable (Owner) -> String?, set: (@Sendable (inout Owner, String) -> Void)?)
    case flag(@Sendable (Owner) -> Bool?, set: (@Sendable (inout Owner, Bool) -> Void)?)
    case part(Part<Owner>)
  }

  /// Where a struct holds a figure.
  public typealias Path<Value> = any KeyPath<Owner, Value> & Sendable

  let definition: Definition
  let access: Access

  private init(
    _ name: String, _ unit: Unit, _ kind: Definition.Kind, _ help: String, _ source: String, _ access: Access
  ) {
    definition = Definition(name: name, unit: unit, kind: kind, help: help, source: source)
    self.access = access
  }

  /// A level in the unit's *base* (bytes for ``Unit/mebibytes``); NaN where absent.
  public static func gauge<Value: Figure>(
    _ name: String, _ unit: Unit, _ help: String, source: String = "", _ path: Path<Value>
  ) -> Field {
    Field(name, unit, .gauge, help, source, number(at: path))
  }

  /// A total since the source's start, in the unit's base; NaN where absent.
  public static func counter<Value: Figure>(
    _ name: String, _ unit: Unit, _ help: String, source: String = "", _ path: Path<Value>
  ) -> Field {
    Field(name, unit, .counter, help, source, number(at: path))
  }

  private static func number<Value: Figure>(at path: Path<Value>) -> Access {
    let read = reader(of: path)
    let write = writer(to: path)
    var set: (@Sendable (inout Owner, Double) -> Void)?
    if let write {
      set = { owner, figure in
        if let value = Value(figure: figure) { write(&owner, value) }
      }
    }
    return .number({ read($0).figure }, set: set)
  }

  /// A name or a description.
  public static func text(
    _ name: String, _ help: String, source: String = "", _ path: Path<String>
  ) -> Field {
    text(name, help, source: source, reader(of: path), set: writer(to: path))
  }

  /// A name or a description; nil where absent.
  public static func text(
    _ name: String, _ help: String, source: String = "", _ path: Path<String?>
  ) -> Field {
    text(name, help, source: source, reader(of: path), set: writer(to: path))
  }

  /// A name or a description that the struct does not hold as a text; nil where absent.
  public static func text(
    _ name: String, _ help: String, source: String = "", _ value: @escaping @Sendable (Owner) -> String?,
    set: (@Sendable (inout Owner, String) -> Void)?
  ) -> Field {
    Field(name, .none, .info, help, source, .text(value, set: set))
  }

  /// True or false.
  ///
  /// - Parameter omitsFalse: whether it is left out where false.
  public static func flag(
    _ name: String, _ help: String, source: String = "", _ path: Path<Bool>,
    omitsFalse: Bool = false
  ) -> Field {
    let read = reader(of: path)
    return Field(
      name, .none, .flag, help, source,
      .flag(
        { owner in
          let value = read(owner)
          return value || !omitsFalse ? value : nil
        },
        set: writer(to: path)))
  }

  /// True or false; nil where absent.
  public static func flag(
    _ name: String, _ help: String, source: String = "", _ path: Path<Bool?>
  ) -> Field {
    Field(
      name, .none, .flag, help, source,
      .flag(reader(of: path), set: writer(to: path)))
  }

  /// A domain inside this one: a JSON object.
  public static func part<Inner: Domain>(
    _ name: String, _ table: Table<Inner>, _ path: Path<Inner>
  ) -> Field {
    part(name, table, reader(of: path), set: writer(to: path))
  }

  /// A domain inside this one; left out where nil.
  public static func part<Inner: Domain>(
    _ name: String, _ table: Table<Inner>, _ path: Path<Inner?>
  ) -> Field {
    part(name, table, reader(of: path), set: writer(to: path))
  }

  /// A domain that is one of several of this one; left out where nil.
  public static func part<Inner: Domain>(
    _ name: String, _ table: Table<Inner>, _ value: @escaping @Sendable (Owner) -> Inner?,
    set: (@Sendable (inout Owner, Inner) -> Void)? = nil
  ) -> Field {
    Field(
      name, .none, .info, "", "",
      .part(
        Part(
          isList: false, labels: [], isSeries: true,
          visit: { domain, visitor in
            guard let inner = value(domain) else { return }
            visitor.enter(name)
            table.visit(inner, visitor)
            visitor.leave()
          },
          metrics: { table.metrics(prefix: $0) { domain, labels, body in value(domain).map { body($0, labels) } } },
          read: { domain, reader in
            guard let set, let inner = reader.part(name) else { return }
            set(&domain, table.read(from: inner))
          }
        )))
  }

  /// Many of one kind: a JSON array of objects, empty where there are none.
  ///
  /// - Parameters:
  ///   - keys: the labels that tell one from another, in the order in which they identify it.
  ///   - isSeries: false where entries come and go too fast to be time series (processes).
  ///   - omitsEmpty: whether it is left out where empty.
  public static func list<Inner: Domain>(
    _ name: String, keys: [Key<Inner>], isSeries: Bool = true, _ table: Table<Inner>,
    _ path: Path<[Inner]>, omitsEmpty: Bool = false
  ) -> Field {
    let read = reader(of: path)
    return list(
      name, keys: keys, isSeries: isSeries, table,
      { domain in
        let items = read(domain)
        return omitsEmpty && items.isEmpty ? nil : items
      }, set: writer(to: path))
  }

  /// Many of one kind; left out where nil, empty where there are none.
  public static func list<Inner: Domain>(
    _ name: String, keys: [Key<Inner>], isSeries: Bool = true, _ table: Table<Inner>,
    _ path: Path<[Inner]?>
  ) -> Field {
    list(
      name, keys: keys, isSeries: isSeries, table, reader(of: path),
      set: writer(to: path))
  }

  private static func list<Inner: Domain>(
    _ name: String, keys: [Key<Inner>], isSeries: Bool, _ table: Table<Inner>,
    _ value: @escaping @Sendable (Owner) -> [Inner]?, set: (@Sendable (inout Owner, [Inner]) -> Void)?
  ) -> Field {
    Field(
      name, .none, .info, "", "",
      .part(
        Part(
          isList: true, labels: keys.map(\.label), isSeries: isSeries,
          visit: { domain, visitor in
            guard let items = value(domain) else { return }
            visitor.enterList(name)
            for item in items {
              visitor.enterItem { keys.map { $0.value(item) } }
              table.visit(item, visitor)
              visitor.leave()
            }
            visitor.leaveList()
          },
          metrics: {
            table.metrics(prefix: $0) { domain, labels, body in
              for item in value(domain) ?? [] { body(item, labels + keys.map { $0.value(item) }) }
            }
          },
          read: { domain, reader in
            guard let set, let items = reader.items(name) else { return }
            set(&domain, items.map { table.read(from: $0) })
          }
        )))
  }

  /// Reads what a path leads to.
  ///
  /// Reading a stored property through a key path costs ~77 ns, a load at the same offset hundreds of times less; a tick
  /// and a scrape read thousands.
  private static func reader<Value: Sendable>(
    of path: Path<Value>
  ) -> @Sendable (Owner) -> Value {
    guard let offset = MemoryLayout<Owner>.offset(of: path) else { return { $0[keyPath: path] } }
    return { owner in
      withUnsafePointer(to: owner) { pointer in
        // An offset is given only for what is stored in the struct itself, at which a Value lies initialised.
        UnsafeRawPointer(pointer).advanced(by: offset).assumingMemoryBound(to: Value.self).pointee
      }
    }
  }

  /// Sets what a path leads to; nil where that is computed.
  private static func writer<Value: Sendable>(to path: Path<Value>) -> (@Sendable (inout Owner, Value) -> Void)? {
    guard let writable = path as? WritableKeyPath<Owner, Value> else { return nil }
    // The very object that came as Sendable; only the cast cannot say so.
    nonisolated(unsafe) let path = writable
    return { $0[keyPath: path] = $1 }
  }
}

/// A label that tells one entry of a list from another.
public struct Key<Owner: Domain>: Sendable {
  let label: String
  let value: @Sendable (Owner) -> String

  /// A label and how to read it.
  public init(_ label: String, _ value: @escaping @Sendable (Owner) -> String) {
    self.label = label
    self.value = value
  }
}

/// A nested domain with its type erased.
struct Part<Owner: Domain>: Sendable {
  let isList: Bool
  let labels: [String]
  let isSeries: Bool
  let visit: @Sendable (Owner, any FieldVisitor) -> Void
  /// The metrics below, given the id of this part.
  let metrics: @Sendable (String) -> [DomainMetric<Owner>]
  /// Sets this part of a domain to what a reader has.
  let read: @Sendable (inout Owner, any FieldReader) -> Void
}

/// A metric read from some domain, on its way up to the Sample.
struct DomainMetric<Owner: Domain>: Sendable {
  let id: String
  let definition: Definition
  let labels: [String]
  /// Ids of the lists that it stands in, the outermost first.
  let lists: [String]
  let isSeries: Bool
  let values: @Sendable (Owner, [String], (_ labels: [String], _ value: Double) -> Void) -> Void
}

/// A domain's fields in the order in which JSON shows them: the one place where a figure is defined.
public struct Table<Owner: Domain>: Sendable {
  let fields: [Field<Owner>]

  /// The fields in order.
  public init(_ fields: [Field<Owner>]) {
    self.fields = fields
  }

  /// Shows every present figure of `domain` to `visitor`; absent ones are passed over.
  public func visit(_ domain: Owner, _ visitor: any FieldVisitor) {
    for field in fields {
      switch field.access {
      case .number(let read, _):
        let value = read(domain)
        if value.isFinite { visitor.number(field.definition, value) }
      case .text(let read, _):
        if let value = read(domain) { visitor.text(field.definition, value) }
      case .flag(let read, _):
        if let value = read(domain) { visitor.flag(field.definition, value) }
      case .part(let part):
        part.visit(domain, visitor)
      }
    }
  }

  /// The domain as a reader has it; what the reader lacks, or what has no place in the domain, stays unknown.
  public func read(from reader: any FieldReader) -> Owner {
    var domain = Owner()
    read(from: reader, into: &domain)
    return domain
  }

  /// Sets every stored figure that a reader has.
  public func read(from reader: any FieldReader, into domain: inout Owner) {
    for field in fields {
      switch field.access {
      case .number(_, let set):
        if let set, let value = reader.number(field.definition), value.isFinite { set(&domain, value) }
      case .text(_, let set):
        if let set, let value = reader.text(field.definition) { set(&domain, value) }
      case .flag(_, let set):
        if let set, let value = reader.flag(field.definition) { set(&domain, value) }
      case .part(let part):
        part.read(&domain, reader)
      }
    }
  }

  /// Every figure as a metric of an outer domain, from which `reach` finds the values of this one.
  func metrics<Outer: Domain>(
    prefix: String,
    _ reach: @escaping @Sendable (Outer, [String], (Owner, [String]) -> Void) -> Void
  ) -> [DomainMetric<Outer>] {
    var result: [DomainMetric<Outer>] = []
    for field in fields {
      let id = prefix.isEmpty ? field.definition.name : prefix + "." + field.definition.name
      func add(_ read: @escaping @Sendable (Owner) -> Double) {
        result.append(
          DomainMetric(id: id, definition: field.definition, labels: [], lists: [], isSeries: true) {
            outer, labels, body in
            reach(outer, labels) { domain, labels in
              let value = read(domain)
              if value.isFinite { body(labels, value) }
            }
          })
      }
      switch field.access {
      case .number(let read, _): add(read)
      case .flag(let read, _): add { domain in read(domain).map { $0 ? 1 : 0 } ?? .nan }
      case .text: add { _ in .nan }
      case .part(let part):
        for inner in part.metrics(id) {
          result.append(
            DomainMetric(
              id: inner.id, definition: inner.definition, labels: part.labels + inner.labels,
              lists: (part.isList ? [id] : []) + inner.lists, isSeries: part.isSeries && inner.isSeries
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
  /// The same, for those who want to know which entry: the values of its labels.
  func enterItem(_ labels: () -> [String])
  /// The list ends.
  func leaveList()
}

extension FieldVisitor {
  /// An entry of the list begins, whichever it is.
  public func enterItem(_ labels: () -> [String]) {
    enterItem()
  }
}

/// Something that has the figures of a domain and of the domains inside it: JSON that was received, an archive.
public protocol FieldReader {
  /// A number in the unit's base; nil where it has none.
  func number(_ definition: Definition) -> Double?
  /// A text; nil where it has none.
  func text(_ definition: Definition) -> String?
  /// A truth value; nil where it has none.
  func flag(_ definition: Definition) -> Bool?
  /// A nested domain; nil where it has none.
  func part(_ name: String) -> (any FieldReader)?
  /// The entries of a list; nil where it has none.
  func items(_ name: String) -> [any FieldReader]?
}
