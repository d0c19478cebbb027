internal import AgentMetrics
internal import History

/// Columns of figures as Samples, so that what draws a Sample draws a row of columns too.
///
/// What is no series (texts, processes) is absent.
struct ColumnSamples {
  /// Which of a step's values is wanted.
  enum Statistic {
    case mean, least, greatest
  }

  private let columns: Columns
  private let index: Index

  init(_ columns: Columns) {
    self.columns = columns
    index = Index(columns.series)
  }

  /// Whether nothing was told of a row: a gap.
  func isEmpty(row: Int) -> Bool {
    !columns.series.contains { $0.values[row].isFinite }
  }

  /// A row as a Sample.
  ///
  /// - Parameter elapsed: seconds that it stands for.
  func sample(row: Int, _ statistic: Statistic = .mean, elapsed: Double) -> Sample {
    Sample(
      at: Timestamp(seconds: columns.timestamps[row]),
      from: Reader(columns: columns, index: index, row: row, statistic: statistic, path: "", labels: [], names: []),
      elapsed: elapsed)
  }

  /// Where each series stands, and what the lists hold.
  private final class Index: Sendable {
    let places: [String: [[String]: Int]]
    /// The labels of each list's entries, in the order in which they were found.
    let lists: [String: (names: [String], items: [[String]])]
    /// Ids of the domains of which something is told.
    let parts: Set<String>

    init(_ series: [Columns.Series]) {
      var places: [String: [[String]: Int]] = [:]
      var lists: [String: (names: [String], items: [[String]])] = [:]
      var parts: Set<String> = []
      for (place, series) in series.enumerated() {
        let metric = series.metric
        places[metric.id, default: [:]][series.labels] = place
        var path = metric.id[...]
        while let dot = path.lastIndex(of: ".") {
          path = path[..<dot]
          parts.insert(String(path))
        }
        // Lists within lists are no series.
        if metric.lists.count == 1, let list = metric.lists.first {
          if lists[list]?.items.contains(series.labels) != true {
            lists[list, default: (metric.labels, [])].items.append(series.labels)
          }
        }
      }
      (self.places, self.lists, self.parts) = (places, lists, parts)
    }
  }

  private struct Reader: FieldReader {
    let columns: Columns
    let index: Index
    let row: Int
    let statistic: Statistic
    let path: String
    let labels: [String]
    /// What the labels are called.
    let names: [String]

    private func id(_ name: String) -> String { path.isEmpty ? name : path + "." + name }

    func number(_ definition: Definition) -> Double? {
      if let place = index.places[id(definition.name)]?[labels] {
        let series = columns.series[place]
        let values =
          switch statistic {
          case .mean: series.values
          case .least: series.minima.isEmpty ? series.values : series.minima
          case .greatest: series.maxima.isEmpty ? series.values : series.maxima
          }
        return values[row].isFinite ? values[row] : nil
      }
      return text(definition).flatMap(Double.init)
    }

    func text(_ definition: Definition) -> String? {
      names.firstIndex(of: definition.name).flatMap { labels.indices.contains($0) ? labels[$0] : nil }
    }

    func flag(_ definition: Definition) -> Bool? {
      index.places[id(definition.name)]?[labels].flatMap { place in
        let value = columns.series[place].values[row]
        return value.isFinite ? value >= 0.5 : nil
      }
    }

    func part(_ name: String) -> (any FieldReader)? {
      guard index.parts.contains(id(name)) else { return nil }
      return Reader(
        columns: columns, index: index, row: row, statistic: statistic, path: id(name), labels: labels, names: names)
    }

    func items(_ name: String) -> [any FieldReader]? {
      guard let list = index.lists[id(name)] else { return nil }
      return list.items.map { item in
        Reader(
          columns: columns, index: index, row: row, statistic: statistic, path: id(name), labels: item,
          names: list.names)
      }
    }
  }
}
