import AgentMetrics
import Testing

@Suite struct FieldReaderTests {
  /// Supplies a different value for every metric and records it.
  private final class Everything: FieldReader {
    private final class Notes {
      var given: [String: String] = [:]
      var count = 0
    }
    private let notes: Notes
    private let path: String

    init() {
      notes = Notes()
      path = ""
    }

    private init(_ notes: Notes, _ path: String) {
      self.notes = notes
      self.path = path
    }

    var given: [String: String] { notes.given }

    func number(_ definition: Definition, at field: Int) -> Double? {
      notes.count += 1
      notes.given[path + definition.name] = "\(Double(notes.count))"
      return Double(notes.count)
    }

    func text(_ definition: Definition, at field: Int) -> String? {
      notes.count += 1
      let text =
        switch (path, definition.name) {
        case (_, "state") where path.hasPrefix("gpu"): "asleep"
        case (_, "state"): "R"
        case (_, "kind") where path.hasPrefix("workloads"): "vm"
        default: "text \(notes.count)"
        }
      notes.given[path + definition.name] = text
      return text
    }

    func flag(_ definition: Definition, at field: Int) -> Bool? {
      notes.given[path + definition.name] = "true"
      return true
    }

    func part(_ name: String, at field: Int) -> (any FieldReader)? {
      Everything(notes, path + name + ".")
    }

    func items(_ name: String, at field: Int) -> [any FieldReader]? {
      (0..<2).map { Everything(notes, path + name + "[\($0)].") }
    }
  }

  /// Records the values it visits.
  private final class Shown: FieldVisitor {
    private(set) var shown: [String: String] = [:]
    private var path: [String] = []
    private var items: [Int] = []

    func number(_ definition: Definition, _ value: Double, at field: Int) { note(definition, "\(value)") }
    func text(_ definition: Definition, _ value: String, at field: Int) { note(definition, value) }
    func flag(_ definition: Definition, _ value: Bool, at field: Int) { note(definition, "\(value)") }
    func enter(_ name: String, at field: Int) { path.append(name + ".") }
    func leave() { path.removeLast() }
    func enterList(_ name: String, at field: Int) {
      path.append(name)
      items.append(0)
    }
    func enterItem() {
      path.append("[\(items[items.count - 1])].")
      items[items.count - 1] += 1
    }
    func leaveList() {
      path.removeLast()
      items.removeLast()
    }
    private func note(_ definition: Definition, _ value: String) {
      shown[path.joined() + definition.name] = value
    }
  }

  @Test func whatWasShownIsReadBack() {
    let reader = Everything()
    let sample = Sample(at: Timestamp(seconds: 7), from: reader)
    let shown = Shown()
    Sample.table.visit(sample, shown)
    let lost = reader.given.filter { shown.shown[$0.key] != $0.value }.keys
    // Computed from other fields; all others have to come back.
    let computed: Set = [
      "ram.usage", "swap.usage", "cgroup.cpu_usage", "cgroup.memory_usage", "vram_usage", "filesystems.usage",
      "filesystems.inodes_usage", "conntrack.usage", "alerts.state",
      // The test's texts are neither one of its words nor a time.
      "alerts.phase", "alerts.since", "gpu.lost", "gpus.lost", "events.counts.kind", "events.new.kind",
      "events.new.severity", "events.new.time",
    ]
    for path in lost {
      let id = path.replacing("[0]", with: "").replacing("[1]", with: "")
      #expect(computed.contains(id) || id.hasSuffix(".vram_usage"), "\(path)")
    }
    #expect(shown.shown.count >= reader.given.count)
    #expect(sample.timestamp.seconds == 7)
    #expect(sample.gpus.count == 2 && sample.gpus[1].processes?.count == 2 && sample.gpus[0].state == .asleep)
  }

  @Test func nothingStaysNothing() {
    struct Nothing: FieldReader {
      func number(_ definition: Definition, at field: Int) -> Double? { nil }
      func text(_ definition: Definition, at field: Int) -> String? { nil }
      func flag(_ definition: Definition, at field: Int) -> Bool? { nil }
      func part(_ name: String, at field: Int) -> (any FieldReader)? { nil }
      func items(_ name: String, at field: Int) -> [any FieldReader]? { nil }
    }
    let sample = Sample(at: Timestamp(seconds: 0), from: Nothing())
    #expect(sample.cpu.usage.isNaN && sample.swap == nil && sample.gpus.isEmpty && sample.processes == nil)
  }

  @Test func numbersWithoutPlaceStayUnknown() {
    struct Huge: FieldReader {
      func number(_ definition: Definition, at field: Int) -> Double? { 1e300 }
      func text(_ definition: Definition, at field: Int) -> String? { "" }
      func flag(_ definition: Definition, at field: Int) -> Bool? { nil }
      func part(_ name: String, at field: Int) -> (any FieldReader)? { self }
      func items(_ name: String, at field: Int) -> [any FieldReader]? { [self] }
    }
    let sample = Sample(at: Timestamp(seconds: 0), from: Huge())
    #expect(sample.processes?.total == 0 && sample.processes?.top.first?.pid == 0 && sample.gpus.first?.index == 0)
  }
}
