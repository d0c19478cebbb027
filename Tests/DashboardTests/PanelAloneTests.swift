import AgentMetrics
import SampleStore
import Testing

@testable import Dashboard

/// A panel alone shows everything that is collected in its domain.
@Suite struct PanelAloneTests {
  private static let machines = ["gpu-server", "small-vm", "256-threads-16-gpus", "one-gpu-stale-filesystem"]

  private static func context(_ input: ScreenInput, _ sample: Sample) -> Context {
    Context(
      sample: sample, timeline: Timeline(input.entries, past: [], axis: input.axis, interval: input.interval),
      glyphs: Glyphs(.braille), state: input.state, table: TableContents(nil, sample, input.state), hits: HitMap())
  }

  /// Every number of the catalog has its name and its text in the lines.
  @Test(arguments: machines, PanelDescriptor.all.filter { $0 != .processes })
  func everyValueIsShown(_ machine: String, _ panel: PanelDescriptor) throws {
    let input = ScreenGoldens.input(machine)
    let sample = try #require(input.sample)
    let context = Self.context(input, sample)
    for width in [80, 200] {
      let lines = PanelValues(context: context, panel: panel).lines(width: width)
      let texts = Set(lines.flatMap(\.parts).map(\.text))
      for metric in Catalog.shared.metrics where panel.catalog.contains(where: { metric.id.hasPrefix($0) }) {
        metric.values(in: sample) { _, value in
          guard metric.definition.kind == .gauge || metric.definition.kind == .counter else { return }
          // A time of day, not a duration.
          let isTime = metric.id == "host.boot_time_seconds"
          let text =
            isTime
            ? context.clock.time(value) : TextFormat.value(value, metric.definition.unit, context.glyphs)
          #expect(texts.contains(text), "\(metric.id) \(text)")
        }
      }
      for part in lines.flatMap(\.parts) { #expect(part.x >= 0 && part.x < width, "\(part)") }
    }
  }

  /// A domain that no panel shows would not be seen anywhere.
  @Test func everyDomainHasAPanel() {
    let prefixes = PanelDescriptor.all.flatMap(\.catalog)
    // `gpu` repeats one of `gpus`; workloads, alerts and events have lists of their own.
    let others = ["gpu.", "workloads.", "alerts.", "events.", "version", "timestamp", "elapsed"]
    for metric in Catalog.shared.metrics where !others.contains(where: { metric.id.hasPrefix($0) }) {
      #expect(prefixes.contains { metric.id.hasPrefix($0) }, "\(metric.id)")
    }
  }

  private func rows(_ panel: PanelDescriptor, scroll: Int = 0, _ machine: String = "gpu-server") -> [String] {
    var input = ScreenGoldens.input(machine)
    input.size = Size(width: 120, height: 40)
    (input.state.focus, input.state.isMaximized) = (panel, true)
    input.state.scrolls[panel] = scroll
    return Screen(input).draw().grid.rows
  }

  @Test func aLongTableHasAsManyPartsAsFit() {
    let rows = rows(.cpu, "256-threads-16-gpus")
    // CPUs side by side, each part under a heading of its own.
    let heads = rows.first { $0.contains("usage") && $0.contains("cpu") }
    #expect((heads?.split(separator: " ").count { $0 == "cpu" } ?? 0) >= 3, "\(heads ?? "")")
  }

  @Test func theTimeAxisIsBelowTheLastGraph() throws {
    let rows = rows(.pressure, "small-vm")
    let axis = try #require(rows.lastIndex { $0.contains(" now") || $0.contains("─now") })
    for name in ["cpu 100%", "memory 100%", "I/O 100%"] {
      let place = try #require(rows.firstIndex { $0.contains(name) })
      #expect(place < axis, "\(name)")
    }
  }

  @Test func textsThatDoNotFitEndInAnEllipsis() {
    let glyphs = Glyphs(.braille)
    #expect(TextFormat.shortened("Demo GPU 80", to: 10, glyphs) == "Demo GPU …")
    #expect(TextFormat.shortened("Demo", to: 4, glyphs) == "Demo" && TextFormat.shortened("a", to: 0, glyphs).isEmpty)
    #expect(TextFormat.counted(1, "process", "processes") == "1 process")
  }

  @Test func theLinesScroll() {
    let first = rows(.gpu)
    #expect(first.contains { $0.contains("lines: up, down, PgUp, PgDn") })
    let last = rows(.gpu, scroll: 10_000)
    #expect(last.contains { $0.contains("gpus.processes") })
    #expect(rows(.disk, scroll: 10_000).contains { $0.contains("filesystems") })
  }

  @Test func valuesThatFollowFromTwoAreShown() {
    #expect(rows(.network).contains { $0.contains("share of link") })
    #expect(rows(.pressure).contains { $0.contains("memory 100%") })
    #expect(rows(.cpu, scroll: 10_000).contains { $0.contains("coretemp") || $0.contains("k10temp") })
  }

  @Test func namesHaveNoUnits() throws {
    func name(_ id: String) throws -> String {
      ValueCollector.name(of: try #require(Catalog.shared[id]).definition)
    }
    #expect(try name("disks.read_bytes_per_sec") == "read" && name("disks.read_bytes_total") == "read total")
    #expect(try name("networks.receive_packets_per_sec") == "receive packets/s" && name("ram.used_mb") == "used")
  }
}
