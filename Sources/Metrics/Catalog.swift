/// All fields of a Sample, numbered densely in the order of the JSON, as joined from the tables of the metric groups.
///
/// Prometheus text, `/catalog`, charts and graphs loop over it or index arrays by a field's number; no output names a
/// metric by hand or rebuilds the tree from dotted ids.
package struct Catalog: Sendable {
  /// A value, group or list at its place in a Sample; its number is its index in ``Catalog/nodes``.
  package struct Node: Sendable {
    /// Whether the node holds a value, one group, or many groups of one kind.
    package enum NodeKind: Sendable {
      case value, group, list
    }

    /// Name, unit, kind, help and source; of groups and lists only the name.
    package let definition: Definition
    /// Path in a Sample's JSON, `ram.used_mb`; the path of a field in a list names the list, `disks.busy`.
    package let id: String
    /// Number of the group or list around it; nil at the top.
    package let parent: Int?
    /// Ids of the enclosing lists, the outermost first; a list is not among its own.
    package let lists: [String]
    package internal(set) var kind = NodeKind.value
    /// Label names of all enclosing lists, those of a list itself included.
    package internal(set) var labels: [String]
    /// For a list, the names of the labels that identify an entry.
    package internal(set) var ownLabels: [String] = []
    /// Whether values are time series; false for entries that are too short-lived (processes).
    package internal(set) var isSeries: Bool
    /// Whether other systems get values as series: Prometheus and the receivers of pushes.
    package internal(set) var isExported: Bool
    /// Whether the enclosing group or list entry always has it.
    package internal(set) var isRequired = false
    /// The first number after the fields inside it.
    package internal(set) var end: Int

    init(_ definition: Definition, in outer: Node?, parent: Int?, number: Int) {
      self.definition = definition
      self.parent = parent
      id = outer.map { $0.id + "." + definition.name } ?? definition.name
      lists = outer.map { $0.lists + ($0.kind == .list ? [$0.id] : []) } ?? []
      labels = outer?.labels ?? []
      isSeries = outer?.isSeries ?? true
      isExported = outer?.isExported ?? true
      end = number + 1
    }
  }

  /// A value of the catalog, at any depth in the Sample.
  package struct Metric: Sendable {
    /// Index in ``Catalog/nodes``.
    package let number: Int
    /// Path in a Sample's JSON, `ram.used_mb`; the path of a field in a list names the list, `disks.busy`.
    package let id: String
    /// Unit, kind, help and source.
    package let definition: Definition
    /// Names of the labels that identify its series; empty for a single series.
    package let labels: [String]
    /// Ids of the enclosing lists, the outermost first.
    package let lists: [String]
    /// Whether its values are time series; false for short-lived entries such as processes.
    package let isSeries: Bool
    /// Whether other systems get its values as series.
    package let isExported: Bool
    private let read: MetricAccess<Sample>

    fileprivate init(_ number: Int, _ node: Node, _ read: @escaping MetricAccess<Sample>) {
      self.number = number
      id = node.id
      definition = node.definition
      labels = node.labels
      lists = node.lists
      isSeries = node.isSeries
      isExported = node.isExported
      self.read = read
    }

    /// Calls `body` for every present value in the sample, in base units, with its label values.
    package func values(in sample: Sample, _ body: (_ labels: [String], _ value: Double) -> Void) {
      read(sample, [], body)
    }

    /// Returns the value in base units; NaN where absent or where there is more than one series.
    package func value(in sample: Sample) -> Double {
      var result = Double.nan
      if labels.isEmpty { read(sample, []) { _, value in result = value } }
      return result
    }
  }

  /// All values, groups and lists by number.
  package let nodes: [Node]
  /// All metrics in the order of the JSON.
  package let metrics: [Metric]
  private let byID: [String: Int]

  init(_ table: Table<Sample>) {
    let nodes = table.nodes
    let values = nodes.indices.filter { nodes[$0].kind == .value }
    metrics = zip(values, table.metrics { sample, labels, body in body(sample, labels) }).map { number, read in
      Metric(number, nodes[number], read)
    }
    self.nodes = nodes
    byID = Dictionary(metrics.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  package subscript(id: String) -> Metric? {
    byID[id].map { metrics[$0] }
  }

  /// Numbers of the values, groups and lists directly inside a group or list; nil for the Sample's own.
  package func children(of parent: Int?) -> [Int] {
    nodes.children(of: parent)
  }

  /// Numbers of the lists around a node, the outermost first.
  package func lists(around number: Int) -> [Int] {
    var lists: [Int] = []
    var outer = nodes[number].parent
    while let list = outer {
      if nodes[list].kind == .list { lists.insert(list, at: 0) }
      outer = nodes[list].parent
    }
    return lists
  }

  package static let shared = Catalog(Sample.table)
}

extension [Catalog.Node] {
  /// Numbers of the nodes directly inside a group or list of a tree; nil for its outermost.
  package func children(of parent: Int?) -> [Int] {
    var children: [Int] = []
    var next = parent.map { $0 + 1 } ?? 0
    let end = parent.map { self[$0].end } ?? count
    while next < end {
      children.append(next)
      next = self[next].end
    }
    return children
  }
}
