import AgentMetrics
import SampleStore
import Testing

@testable import Dashboard

/// The workloads, and the ranking of a marked window.
@Suite struct WorkloadsViewTests {
  private let input: ScreenInput = {
    var machine = MadeUpMachine.smallVM
    let history = machine.history(ticks: 5, interval: 5)
    // The last samples with workloads, five seconds apart.
    let base = history.all.map(\.sample)
    let other = History(capacity: 10, interval: 5)
    for (index, sample) in base.enumerated() {
      var sample = sample
      var all = Workloads()
      all.total = 40
      all.unattributedCPU = 0.07
      all.top = ["postgresql.service", "cron.service"].enumerated().map { place, name in
        var workload = Workload()
        (workload.id, workload.name, workload.kind) = ("service:" + name, name, .service)
        workload.cpu = place == 0 ? 0.5 : 0.25
        workload.cpuTotal = 100 + Double(index) * 5 * workload.cpu
        workload.memory = place == 0 ? 1e9 : 3e9
        (workload.memoryLimit, workload.throttled, workload.endedCPU) = (4e9, 0.21, place == 0 ? 0.13 : 0)
        (workload.cpuPressure, workload.user) = (0.33, "root")
        return workload
      }
      sample.workloads = all
      other.append(sample)
    }
    return ScreenGoldens.screenInput(other, size: Size(width: 120, height: 40), state: ScreenState(), message: nil)
  }()

  private func frame(_ model: Model, size: Size = Size(width: 120, height: 40)) -> Frame {
    var input = input
    (input.state, input.size) = (model.state, size)
    return Screen(input).draw()
  }

  private func press(_ keys: KeyPress..., from model: Model = Model()) -> Model {
    var model = model
    for key in keys { _ = model.handle(key, in: frame(model).frameContext) }
    return model
  }

  private func text(_ model: Model, size: Size = Size(width: 120, height: 40)) -> String {
    frame(model, size: size).grid.rows.joined(separator: "\n")
  }

  @Test func workloadsAreListedWithWhatTheyUse() throws {
    var model = press(.character("W"))
    let shown = text(model)
    for part in [
      "Workloads by CPU", "postgresql.service", "service root", "0.50", "0.13", "21%", "33%",
      "ended processes 0.13 CPUs",
      "outside of all 0.07 CPUs", "THR", "PSI", "LIMIT",
    ] { #expect(shown.contains(part), "\(part)") }
    func first() throws -> String {
      try #require(text(model).split(separator: "\n").first { $0.contains(".service ") }).description
    }
    #expect(try first().contains("postgresql"))
    model = press(.character("m"), from: model)
    #expect(try first().contains("cron"))
    #expect(press(.escape, from: model).state.overlay == nil)
    for size in [Size(width: 80, height: 24), Size(width: 40, height: 10), Size(width: 20, height: 4)] {
      #expect(size.width < 40 || text(model, size: size).contains("cron"), "\(size)")
    }
  }

  @Test func aMarkedWindowIsRanked() {
    var model = press(.character("'"))
    #expect(text(model).contains("marked "))
    model = press(.left, .left, .character("'"), from: model)
    let shown = text(model)
    // Three samples: 5 s by the rate, then the growth of the counter.
    for part in ["CPU by workload", "postgresql.service", "7.5 s", "3.8 s", "3 samples"] {
      #expect(shown.contains(part), "\(part)")
    }
    model = press(.tab, .character("m"), from: model)
    #expect(text(model).contains("MEMORY by process"))
    #expect(press(.escape, from: model).state.overlay == nil && model.state.mark == nil)
    // A second press at the same time marks again.
    #expect(press(.character("'"), .character("'")).state.mark != nil)
  }

  @Test func aMachineWithoutThemSaysSo() {
    var model = Model()
    model.state.overlay = .workloads(WorkloadChoice())
    var input = input
    var sample = input.entries[0].sample
    sample.workloads = nil
    let history = History(capacity: 2, interval: 5)
    history.append(sample)
    input.entries = history.all
    input.state = model.state
    #expect(Screen(input).draw().grid.rows.joined().contains("no control groups on this machine"))
  }
}
