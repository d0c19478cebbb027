import AgentMetrics

/// Records every value of a Sample by its path.
final class Figures: FieldVisitor {
  enum Figure: Equatable {
    case number(Double, unit: Unit)
    case text(String)
    case flag(Bool)
    case part, list
  }

  private(set) var metrics: [String: Figure] = [:]
  private var path: [String] = []
  private var counts: [Int] = []

  init(_ sample: Sample) {
    Sample.table.visit(sample, self)
  }

  private func note(_ definition: Definition, _ metric: Figure) {
    metrics[path.joined(separator: ".") + "." + definition.name] = metric
  }

  func number(_ definition: Definition, _ value: Double, at field: Int) {
    note(definition, .number(value, unit: definition.unit))
  }
  func text(_ definition: Definition, _ value: String, at field: Int) { note(definition, .text(value)) }
  func flag(_ definition: Definition, _ value: Bool, at field: Int) { note(definition, .flag(value)) }
  func enter(_ name: String, at field: Int) {
    path.append(name)
    metrics[path.joined(separator: ".")] = .part
  }
  func leave() { path.removeLast() }
  func enterList(_ name: String, at field: Int) {
    path.append(name)
    metrics[path.joined(separator: ".")] = .list
    counts.append(0)
  }
  func enterItem() {
    path.append("\(counts[counts.count - 1])")
    counts[counts.count - 1] += 1
  }
  func leaveList() {
    path.removeLast()
    counts.removeLast()
  }
}

/// Values that differ by more than half a unit of the last digit in JSON; bytes must be exact.
func differences(_ left: Sample, _ right: Sample) -> [String] {
  let (left, right) = (Figures(left).metrics, Figures(right).metrics)
  return Set(left.keys).union(right.keys).compactMap { key in
    if left[key] == right[key] { return nil }
    if case .number(let was, let unit)? = left[key], case .number(let now, _)? = right[key] {
      var digit = unit.factor
      for _ in 0..<unit.decimals { digit /= 10 }
      if unit == .mebibytes { digit = 1 }
      if abs(was - now) <= digit * 0.500001 + abs(was) * 1e-15 { return nil }
    }
    return "\(key): \(left[key].map { "\($0)" } ?? "–") \(right[key].map { "\($0)" } ?? "–")"
  }.sorted()
}
