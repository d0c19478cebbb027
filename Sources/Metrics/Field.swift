/// Name, unit, kind, help and source of one metric.
package struct Definition: Sendable, Hashable {
  /// How a metric behaves: a level, a growing total, a text or a flag.
  package enum MetricKind: String, Sendable {
    /// A level that goes up and down.
    case gauge
    /// A total that only grows until its source restarts.
    case counter
    /// A text that names or describes.
    case info
    /// True or false; 1 or 0 as a number.
    case flag
  }

  /// The values that a text may have.
  package enum TextValues: Sendable, Hashable {
    case free
    /// RFC 3339.
    case timestamp
    case words([String])
  }

  /// JSON member name, which ends in the unit.
  package let name: String
  /// Unit of the JSON value.
  package let unit: Unit
  package let kind: MetricKind
  /// Description in one line.
  package let help: String
  /// Origin: formula and kernel file.
  package let source: String
  /// The values of a text.
  package internal(set) var text = TextValues.free
  /// Whether the JSON value is a whole number.
  package internal(set) var isWhole: Bool
  /// Short label beside a value on a screen; the help where the table gives none.
  package internal(set) var title: String
  /// The title in Japanese; nil where it is the same or the table gives none.
  package internal(set) var japaneseTitle: String?

  /// Maximum number of decimal places in JSON.
  package var decimals: Int { isWhole ? 0 : unit.decimals }
}

/// A struct that has a ``Table`` of fields.
package protocol MetricGroup: Sendable {
  /// Creates a group with every value absent.
  init()
}

/// One metric of a group: its definition and its location in the group's struct.
///
/// A stored property can also be set (``Table/read(from:into:first:)``); a property computed from other fields cannot.
package struct Field<Owner: MetricGroup>: Sendable {
  enum Access: Sendable {
    case number(@Sendable (Owner) -> Double, set: (@Sendable (inout Owner, Double) -> Void)?)
    case text(@Sendable (Owner) -> String?, set: (@Sendable (inout Owner, String) -> Void)?)
    case flag(@Sendable (Owner) -> Bool?, set: (@Sendable (inout Owner, Bool) -> Void)?)
    case part(NestedGroup<Owner>)
  }

  /// Location of a value in a struct.
  package typealias Path<Value> = any KeyPath<Owner, Value> & Sendable

  /// How a value depends on a sample's interval.
  enum Origin: Sendable {
    /// The same in every sample of a Reading.
    case level
    /// Computed between two Readings; absent from a lone one.
    case rate
    /// Mean since the driver's previous answer, as the Reading holds it; `isPeak` for the highest value instead.
    case mean(isPeak: Bool)
  }

  private(set) var definition: Definition
  let access: Access
  /// Whether every instance of the group has it.
  private(set) var isRequired: Bool
  private(set) var origin = Origin.level

  private init(
    _ name: String, _ unit: Unit, _ kind: Definition.MetricKind, _ help: String, _ source: String, isRequired: Bool,
    _ access: Access
  ) {
    definition = Definition(
      name: name, unit: unit, kind: kind, help: help, source: source,
      isWhole: (kind == .gauge || kind == .counter) && (unit.decimals == 0 || unit == .count), title: help)
    self.access = access
    self.isRequired = isRequired
  }

  private func changed(_ change: (inout Field) -> Void) -> Field {
    var field = self
    change(&field)
    return field
  }

  /// The field with whole numbers, though its unit has fractions.
  package var whole: Field { changed { $0.definition.isWhole = true } }

  /// The field with fractions, though its unit is a count: a mean.
  package var fractional: Field { changed { $0.definition.isWhole = false } }

  /// The field with a short label for screens, in English and, where that differs, in Japanese.
  package func titled(_ title: String, _ japanese: String? = nil) -> Field {
    changed { ($0.definition.title, $0.definition.japaneseTitle) = (title, japanese) }
  }

  /// The field as one that no group lacks, though its type has an absent value.
  package var required: Field { changed { $0.isRequired = true } }

  /// The field as a rate over the sample's interval; of a group, that of all its values.
  package var rate: Field { changed { $0.origin = .rate } }

  /// The field as a mean since the driver's previous answer.
  package var mean: Field { changed { $0.origin = .mean(isPeak: false) } }

  /// The field as the highest value since the driver's previous answer.
  package var peak: Field { changed { $0.origin = .mean(isPeak: true) } }

  /// Takes the value from the group of an interval; nil for a level.
  ///
  /// A lone Reading has no rates: those that are absent are copied. It has means since the driver's last answer: those that
  /// are present are replaced, since a sleeping or lost device has none.
  var rateTaker: (@Sendable (inout Owner, Owner) -> Void)? {
    switch (access, origin) {
    case (.number(let read, .some(let set)), .rate):
      { owner, interval in if read(owner).isNaN { set(&owner, read(interval)) } }
    case (.number(let read, .some(let set)), .mean):
      { owner, interval in if !read(owner).isNaN { set(&owner, read(interval)) } }
    case (.part(let part), .rate): { owner, interval in part.takeRates(&owner, interval, true) }
    case (.part(let part), _) where part.hasRates: { owner, interval in part.takeRates(&owner, interval, false) }
    default: nil
    }
  }

  /// A level in the unit's *base* (bytes for ``Unit/mebibytes``); NaN where absent.
  package static func gauge<Value: MetricValue>(
    _ name: String, _ unit: Unit, _ help: String, source: String = "", _ path: Path<Value>
  ) -> Field {
    Field(name, unit, .gauge, help, source, isRequired: Value.isAlwaysPresent, number(at: path))
  }

  /// A total since the source's start, in the unit's base; NaN where absent.
  package static func counter<Value: MetricValue>(
    _ name: String, _ unit: Unit, _ help: String, source: String = "", _ path: Path<Value>
  ) -> Field {
    Field(name, unit, .counter, help, source, isRequired: Value.isAlwaysPresent, number(at: path))
  }

  private static func number<Value: MetricValue>(at path: Path<Value>) -> Access {
    let read = reader(of: path)
    let write = writer(to: path)
    var set: (@Sendable (inout Owner, Double) -> Void)?
    if let write {
      set = { owner, double in
        if let value = Value(doubleValue: double) { write(&owner, value) }
      }
    }
    return .number({ read($0).doubleValue }, set: set)
  }

  /// A name or a description.
  package static func text(
    _ name: String, _ help: String, source: String = "", _ path: Path<String>
  ) -> Field {
    let read = reader(of: path)
    return Field(name, .none, .info, help, source, isRequired: true, .text({ read($0) }, set: writer(to: path)))
  }

  /// A name or a description; nil where absent.
  package static func text(
    _ name: String, _ help: String, source: String = "", _ path: Path<String?>
  ) -> Field {
    text(name, help, source: source, reader(of: path), set: writer(to: path))
  }

  /// A name or a description that the struct holds in another type; nil where absent.
  package static func text(
    _ name: String, _ help: String, source: String = "", _ value: @escaping @Sendable (Owner) -> String?,
    set: (@Sendable (inout Owner, String) -> Void)?
  ) -> Field {
    Field(name, .none, .info, help, source, isRequired: false, .text(value, set: set))
  }

  /// One word of a fixed set.
  package static func word<Word: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ help: String, source: String = "", _ path: Path<Word>
  ) -> Field {
    let read = reader(of: path)
    let write = writer(to: path)
    var set: (@Sendable (inout Owner, String) -> Void)?
    if let write { set = { owner, text in Word(rawValue: text).map { write(&owner, $0) } } }
    return Field(name, .none, .info, help, source, isRequired: true, .text({ read($0).rawValue }, set: set))
      .changed { $0.definition.text = .words(Word.allCases.map(\.rawValue)) }
  }

  /// A POSIX time, as RFC 3339; NaN where absent.
  package static func timestamp(_ name: String, _ help: String, source: String = "", _ path: Path<Double>) -> Field {
    let read = reader(of: path)
    let write = writer(to: path)
    var set: (@Sendable (inout Owner, String) -> Void)?
    if let write { set = { owner, text in Timestamp(rfc3339: text).map { write(&owner, $0.seconds) } } }
    return text(
      name, help, source: source,
      { owner in
        let seconds = read(owner)
        return seconds.isFinite ? Timestamp(seconds: seconds).rfc3339 : nil
      }, set: set
    ).changed { $0.definition.text = .timestamp }
  }

  /// True or false.
  ///
  /// - Parameter omitsFalse: whether false is omitted.
  package static func flag(
    _ name: String, _ help: String, source: String = "", _ path: Path<Bool>,
    omitsFalse: Bool = false
  ) -> Field {
    let read = reader(of: path)
    return Field(
      name, .none, .flag, help, source, isRequired: !omitsFalse,
      .flag(
        { owner in
          let value = read(owner)
          return value || !omitsFalse ? value : nil
        },
        set: writer(to: path)))
  }

  /// True or false; nil where absent.
  package static func flag(
    _ name: String, _ help: String, source: String = "", _ path: Path<Bool?>
  ) -> Field {
    Field(
      name, .none, .flag, help, source, isRequired: false,
      .flag(reader(of: path), set: writer(to: path)))
  }

  /// A nested group: a JSON object.
  package static func part<Inner: MetricGroup>(
    _ name: String, _ table: Table<Inner>, _ path: Path<Inner>
  ) -> Field {
    part(name, table, isRequired: true, reader(of: path), set: writer(to: path))
  }

  /// A nested group; omitted where nil.
  package static func part<Inner: MetricGroup>(
    _ name: String, _ table: Table<Inner>, _ path: Path<Inner?>
  ) -> Field {
    part(name, table, reader(of: path), set: writer(to: path))
  }

  /// A nested group given by a closure; omitted where nil.
  package static func part<Inner: MetricGroup>(
    _ name: String, _ table: Table<Inner>, isRequired: Bool = false, _ value: @escaping @Sendable (Owner) -> Inner?,
    set: (@Sendable (inout Owner, Inner) -> Void)? = nil
  ) -> Field {
    Field(
      name, .none, .info, "", "", isRequired: isRequired,
      .part(
        NestedGroup(
          isList: false, labels: [], isSeries: true, isExported: true, size: table.size, hasRates: table.hasRates,
          nodes: { table.appendNodes(to: &$0, in: $1) },
          visit: { domain, visitor, field in
            guard let inner = value(domain) else { return }
            visitor.enter(name, at: field)
            table.visit(inner, visitor, first: field + 1)
            visitor.leave()
          },
          metrics: { table.metrics { domain, labels, body in value(domain).map { body($0, labels) } } },
          read: { domain, reader, field in
            guard let set, let inner = reader.part(name, at: field) else { return }
            set(&domain, table.read(from: inner, first: field + 1))
          },
          takeRates: { domain, interval, isRate in
            guard let set, isRate || table.hasRates, let rates = value(interval) else { return }
            guard var inner = value(domain) else {
              if isRate { set(&domain, rates) }
              return
            }
            table.takeRates(from: rates, into: &inner)
            set(&domain, inner)
          }
        )))
  }

  /// A list of groups: a JSON array of objects.
  ///
  /// - Parameters:
  ///   - keys: labels that identify an entry, most significant first.
  ///   - isSeries: false for entries too short-lived to be time series (processes).
  ///   - isExported: whether other systems get the entries as series; those that are series by default.
  ///   - omitsEmpty: whether an empty list is omitted.
  ///   - isSame: whether two entries are of one object; those with equal labels by default.
  package static func list<Inner: MetricGroup>(
    _ name: String, help: String = "", keys: [Label<Inner>], isSeries: Bool = true, isExported: Bool? = nil,
    _ table: Table<Inner>, _ path: Path<[Inner]>, omitsEmpty: Bool = false,
    isSame: (@Sendable (Inner, Inner) -> Bool)? = nil
  ) -> Field {
    let read = reader(of: path)
    return list(
      name, help: help, keys: keys, isSeries: isSeries, isExported: isExported, isRequired: !omitsEmpty, table,
      { domain in
        let items = read(domain)
        return omitsEmpty && items.isEmpty ? nil : items
      }, set: writer(to: path), isSame: isSame)
  }

  /// A list of groups; omitted where nil, an empty array where empty.
  package static func list<Inner: MetricGroup>(
    _ name: String, keys: [Label<Inner>], isSeries: Bool = true, _ table: Table<Inner>,
    _ path: Path<[Inner]?>
  ) -> Field {
    list(
      name, keys: keys, isSeries: isSeries, isRequired: false, table, reader(of: path),
      set: writer(to: path))
  }

  private static func list<Inner: MetricGroup>(
    _ name: String, help: String = "", keys: [Label<Inner>], isSeries: Bool, isExported: Bool? = nil,
    isRequired: Bool, _ table: Table<Inner>, _ value: @escaping @Sendable (Owner) -> [Inner]?,
    set: (@Sendable (inout Owner, [Inner]) -> Void)?,
    isSame: (@Sendable (Inner, Inner) -> Bool)? = nil
  ) -> Field {
    let isSame = isSame ?? { left, right in keys.allSatisfy { $0.value(left) == $0.value(right) } }
    return Field(
      name, .none, .info, help, "", isRequired: isRequired,
      .part(
        NestedGroup(
          isList: true, labels: keys.map(\.label), isSeries: isSeries, isExported: isExported ?? isSeries,
          size: table.size, hasRates: table.hasRates,
          nodes: { table.appendNodes(to: &$0, in: $1) },
          visit: { domain, visitor, field in
            guard let items = value(domain) else { return }
            visitor.enterList(name, at: field)
            for item in items {
              visitor.enterItem { keys.map { $0.value(item) } }
              table.visit(item, visitor, first: field + 1)
              visitor.leave()
            }
            visitor.leaveList()
          },
          metrics: {
            table.metrics { domain, labels, body in
              for item in value(domain) ?? [] { body(item, labels + keys.map { $0.value(item) }) }
            }
          },
          read: { domain, reader, field in
            guard let set, let items = reader.items(name, at: field) else { return }
            set(&domain, items.map { table.read(from: $0, first: field + 1) })
          },
          takeRates: { domain, interval, _ in
            guard let set, table.hasRates, var items = value(domain), let others = value(interval) else { return }
            for (index, item) in items.enumerated() {
              guard let other = others.entry(near: index, where: { isSame(item, $0) }) else { continue }
              table.takeRates(from: other, into: &items[index])
            }
            set(&domain, items)
          }
        )))
  }

  /// Returns a function that reads the value at a path.
  ///
  /// Reading a stored property through a key path costs ~77 ns, a load at the same offset hundreds of times less; a
  /// tick and a scrape read thousands.
  private static func reader<Value: Sendable>(
    of path: Path<Value>
  ) -> @Sendable (Owner) -> Value {
    guard let offset = MemoryLayout<Owner>.offset(of: path) else { return { $0[keyPath: path] } }
    return { owner in
      withUnsafePointer(to: owner) { pointer in
        // MemoryLayout.offset is non-nil only for storage inside the struct, where an initialized Value lies.
        UnsafeRawPointer(pointer).advanced(by: offset).assumingMemoryBound(to: Value.self).pointee
      }
    }
  }

  /// Returns a function that sets the value at a path; nil for a computed property.
  private static func writer<Value: Sendable>(to path: Path<Value>) -> (@Sendable (inout Owner, Value) -> Void)? {
    guard let writable = path as? WritableKeyPath<Owner, Value> else { return nil }
    // The same object arrived as Sendable; only the cast loses that.
    nonisolated(unsafe) let path = writable
    return { $0[keyPath: path] = $1 }
  }
}
