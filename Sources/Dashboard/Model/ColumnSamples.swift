internal import AgentMetrics
internal import Query
internal import SampleStore

/// Converts rows of columns into Samples, so that both are drawn alike.
///
/// Values without a time series (texts, processes) are absent.
struct ColumnSamples {
  /// Statistic of a step.
  enum StepValue {
    case mean, minimum, maximum
  }

  private let columns: Columns
  private let index: Index

  init(_ columns: Columns) {
    self.columns = columns
    index = Index(columns.series)
  }

  /// Whether a row has no value: a gap.
  func isEmpty(row: Int) -> Bool {
    !columns.series.contains { $0.values[row].isFinite }
  }

  /// Returns a row as a Sample.
  ///
  /// - Parameter elapsed: seconds that the row covers.
  func sample(row: Int, _ statistic: StepValue = .mean, elapsed: Double) -> Sample {
    Sample(
      at: Timestamp(seconds: columns.timestamps[row]),
      from: ColumnReader(columns: columns, index: index, row: row, statistic: statistic, labels: [], names: []),
      elapsed: elapsed)
  }

  /// Columns of the series, by the catalog's numbers.
  private final class Index: Sendable {
    /// For a value, the column of each set of labels.
    let places: [[[String]: Int]]
    /// For a list, the labels of its entries in the order of discovery.
    let items: [[[String]]]
    /// Whether a group has any column.
    let isPresent: [Bool]

    init(_ series: [Columns.Series]) {
      let nodes = Catalog.shared.nodes
      var places: [[[String]: Int]] = Array(repeating: [:], count: nodes.count)
      var items: [[[String]]] = Array(repeating: [], count: nodes.count)
      var seen: [Set<[String]>] = Array(repeating: [], count: nodes.count)
      var isPresent = Array(repeating: false, count: nodes.count)
      for (place, series) in series.enumerated() {
        places[series.metric.number][series.labels] = place
        var outer = nodes[series.metric.number].parent
        while let number = outer {
          isPresent[number] = true
          // Nested lists have no series.
          if nodes[number].kind == .list, nodes[number].lists.isEmpty, series.metric.lists.count == 1,
            seen[number].insert(series.labels).inserted
          {
            items[number].append(series.labels)
          }
          outer = nodes[number].parent
        }
      }
      (self.places, self.items, self.isPresent) = (places, items, isPresent)
    }
  }

  private struct ColumnReader: FieldReader {
    let columns: Columns
    let index: Index
    let row: Int
    let statistic: StepValue
    let labels: [String]
    /// Names of the labels.
    let names: [String]

    func number(_ definition: Definition, at field: Int) -> Double? {
      guard let place = index.places[field][labels] else { return text(definition, at: field).flatMap(Double.init) }
      let series = columns.series[place]
      let values =
        switch statistic {
        case .mean: series.values
        case .minimum: series.minima.isEmpty ? series.values : series.minima
        case .maximum: series.maxima.isEmpty ? series.values : series.maxima
        }
      return values[row].isFinite ? values[row] : nil
    }

    func text(_ definition: Definition, at field: Int) -> String? {
      names.firstIndex(of: definition.name).flatMap { labels.indices.contains($0) ? labels[$0] : nil }
    }

    func flag(_ definition: Definition, at field: Int) -> Bool? {
      index.places[field][labels].flatMap { place in
        let value = columns.series[place].values[row]
        return value.isFinite ? value >= 0.5 : nil
      }
    }

    func part(_ name: String, at field: Int) -> (any FieldReader)? {
      index.isPresent[field] ? self : nil
    }

    func items(_ name: String, at field: Int) -> [any FieldReader]? {
      let items = index.items[field]
      guard !items.isEmpty else { return nil }
      let names = Catalog.shared.nodes[field].labels
      return items.map { labels in
        ColumnReader(columns: columns, index: index, row: row, statistic: statistic, labels: labels, names: names)
      }
    }
  }
}
