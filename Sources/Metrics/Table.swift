/// The fields of a metric group in JSON order: the only place where a metric is defined.
///
/// Fields are numbered densely in that order; a nested group or list takes a number, and its fields take the numbers
/// after it. So a field's number in the catalog is the number of its group, plus one, plus its offset in the table.
package struct Table<Owner: MetricGroup>: Sendable {
  let fields: [Field<Owner>]
  /// Number of each field, counted from the table's first.
  private let offsets: [Int]
  /// Numbers taken by the table, those of nested groups included.
  let size: Int
  /// Takes each value that depends on a sample's interval from another sample's group.
  private let rateTakers: [@Sendable (inout Owner, Owner) -> Void]
  /// Whether any value in it depends on a sample's interval.
  var hasRates: Bool { !rateTakers.isEmpty }

  package init(_ fields: [Field<Owner>]) {
    var offsets: [Int] = []
    var size = 0
    for field in fields {
      offsets.append(size)
      size += 1
      if case .part(let part) = field.access { size += part.size }
    }
    self.fields = fields
    self.offsets = offsets
    self.size = size
    rateTakers = fields.compactMap(\.rateTaker)
  }

  /// Takes the values that depend on the interval from another sample's group.
  func takeRates(from interval: Owner, into owner: inout Owner) {
    for take in rateTakers { take(&owner, interval) }
  }

  /// Accessors of the means and peaks since the driver's previous answer.
  package var means: [MeanAccess<Owner>] {
    fields.compactMap { field in
      guard case .mean(let isPeak) = field.origin, case .number(let read, .some(let set)) = field.access else {
        return nil
      }
      return MeanAccess(isPeak: isPeak, read: read, set: set)
    }
  }

  /// Passes every present value of `domain` to `visitor`; absent ones are skipped.
  ///
  /// - Parameter first: the number of the table's first field.
  package func visit(_ domain: Owner, _ visitor: any FieldVisitor, first: Int = 0) {
    for (index, field) in fields.enumerated() {
      let number = first + offsets[index]
      switch field.access {
      case .number(let read, _):
        let value = read(domain)
        if value.isFinite { visitor.number(field.definition, value, at: number) }
      case .text(let read, _):
        if let value = read(domain) { visitor.text(field.definition, value, at: number) }
      case .flag(let read, _):
        if let value = read(domain) { visitor.flag(field.definition, value, at: number) }
      case .part(let part):
        part.visit(domain, visitor, number)
      }
    }
  }

  /// Creates a group from a reader; values that the reader lacks, or that the group cannot store, stay absent.
  package func read(from reader: any FieldReader, first: Int = 0) -> Owner {
    var domain = Owner()
    read(from: reader, into: &domain, first: first)
    return domain
  }

  /// Sets every stored value that a reader has.
  package func read(from reader: any FieldReader, into domain: inout Owner, first: Int = 0) {
    for (index, field) in fields.enumerated() {
      let number = first + offsets[index]
      switch field.access {
      case .number(_, let set):
        if let set, let value = reader.number(field.definition, at: number), value.isFinite { set(&domain, value) }
      case .text(_, let set):
        if let set, let value = reader.text(field.definition, at: number) { set(&domain, value) }
      case .flag(_, let set):
        if let set, let value = reader.flag(field.definition, at: number) { set(&domain, value) }
      case .part(let part):
        part.read(&domain, reader, number)
      }
    }
  }

  /// The tree of the table's fields, as ``Catalog/nodes`` has that of a Sample.
  package var nodes: [Catalog.Node] {
    var nodes: [Catalog.Node] = []
    appendNodes(to: &nodes, in: nil)
    return nodes
  }

  /// Appends the table's fields, and those of nested groups, to the catalog's tree.
  ///
  /// - Parameter parent: the number of the group or list that the table describes; nil for the Sample.
  func appendNodes(to nodes: inout [Catalog.Node], in parent: Int?) {
    for field in fields {
      let number = nodes.count
      nodes.append(Catalog.Node(field.definition, in: parent.map { nodes[$0] }, parent: parent, number: number))
      nodes[number].isRequired = field.isRequired
      guard case .part(let part) = field.access else { continue }
      nodes[number].kind = part.isList ? .list : .group
      nodes[number].ownLabels = part.labels
      nodes[number].labels += part.labels
      nodes[number].isSeries = nodes[number].isSeries && part.isSeries
      nodes[number].isExported = nodes[number].isExported && part.isExported
      part.nodes(&nodes, number)
      nodes[number].end = nodes.count
    }
  }

  /// Returns an accessor per value below an outer group, in catalog order; `reach` finds the groups of this table.
  func metrics<Outer: MetricGroup>(
    _ reach: @escaping @Sendable (Outer, [String], (Owner, [String]) -> Void) -> Void
  ) -> [MetricAccess<Outer>] {
    var result: [MetricAccess<Outer>] = []
    for field in fields {
      func add(_ read: @escaping @Sendable (Owner) -> Double) {
        result.append { outer, labels, body in
          reach(outer, labels) { domain, labels in
            let value = read(domain)
            if value.isFinite { body(labels, value) }
          }
        }
      }
      switch field.access {
      case .number(let read, _): add(read)
      case .flag(let read, _): add { domain in read(domain).map { $0 ? 1 : 0 } ?? .nan }
      case .text: add { _ in .nan }
      case .part(let part):
        for inner in part.metrics() {
          result.append { outer, labels, body in
            reach(outer, labels) { domain, labels in inner(domain, labels, body) }
          }
        }
      }
    }
    return result
  }
}

/// Passes each present value of one metric, with its label values, to a body.
typealias MetricAccess<Owner> =
  @Sendable (
    Owner, _ labels: [String], _ body: (_ labels: [String], _ value: Double) -> Void
  ) -> Void

/// Reads and sets one mean since the driver's previous answer.
package struct MeanAccess<Owner>: Sendable {
  /// Whether it is the highest value instead.
  package let isPeak: Bool
  /// NaN where absent.
  package let read: @Sendable (Owner) -> Double
  package let set: @Sendable (inout Owner, Double) -> Void
}

/// A label that identifies an entry of a list.
package struct Label<Owner: MetricGroup>: Sendable {
  let label: String
  let value: @Sendable (Owner) -> String

  package init(_ label: String, _ value: @escaping @Sendable (Owner) -> String) {
    self.label = label
    self.value = value
  }
}

/// A nested group or list with its type erased.
struct NestedGroup<Owner: MetricGroup>: Sendable {
  let isList: Bool
  let labels: [String]
  let isSeries: Bool
  let isExported: Bool
  /// Numbers that the fields inside take.
  let size: Int
  let hasRates: Bool
  /// Appends the fields inside to the catalog's tree, given the number of this group.
  let nodes: @Sendable (inout [Catalog.Node], Int) -> Void
  let visit: @Sendable (Owner, any FieldVisitor, Int) -> Void
  let metrics: @Sendable () -> [MetricAccess<Owner>]
  /// Sets this part of a group from a reader.
  let read: @Sendable (inout Owner, any FieldReader, Int) -> Void
  /// Takes this part's rates from another group; the flag is set if all its values are rates.
  let takeRates: @Sendable (inout Owner, Owner, Bool) -> Void
}
