import AgentMetrics
import Query
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

  @Test func workloadsSayTheirKindUnlessTheNameDoes() {
    for (name, kind, title) in [
      ("7", WorkloadKind.session, "session 7"), ("48213", .job, "job 48213"),
      ("9f2c17d04be1", .container, "container 9f2"),
      ("ssh.service", .service, "ssh.service"), ("web", .other, "group web"),
    ] {
      var input = input
      guard var sample = input.entries.last?.sample else { return }
      var all = sample.workloads ?? Workloads()
      (all.top[0].name, all.top[0].kind, all.top[0].cpuTotal) = (name, kind, 86_451_352.6)
      sample.workloads = all
      let history = History(capacity: 1, interval: 5)
      history.append(sample)
      input.entries = history.all
      for width in [80, 120, 200] {
        (input.state, input.size) = (press(.character("W")).state, Size(width: width, height: 40))
        let text = Screen(input).draw().grid.rows.joined(separator: "\n")
        #expect(text.contains(" " + title) && !text.contains("service ssh.service"), "\(name) \(width)")
        #expect(width < 200 || text.contains("1000d 14h of CPU time"))
      }
    }
  }

  @Test func workloadsAreListedWithWhatTheyUse() throws {
    var model = press(.character("W"))
    let shown = text(model)
    for part in [
      "Workloads by CPU", "postgresql.service", "root", "50.0", "13.0", "21%", "33%", "CPU of ended processes 13.0%",
      "outside of all 7.0%", "CPU%", "THRTL", "PSI", "LIMIT",
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

  @Test func detailsOfAWorkloadStandBesideTheList() {
    var model = press(.character("W"))
    let wide = Size(width: 160, height: 40)
    func hasDetails(_ model: Model, _ size: Size) -> Bool {
      let shown = text(model, size: size)
      return shown.contains("memory limit") && shown.contains("pressure cpu")
        && shown.contains("LISTED PROCESSES") == false
    }
    #expect(hasDetails(model, wide) && !hasDetails(model, Size(width: 120, height: 40)))
    model = press(.enter, from: model)
    #expect(hasDetails(model, Size(width: 120, height: 40)))
    // Below the list on narrow screens.
    #expect(text(model, size: Size(width: 80, height: 40)).contains("memory limit"))
    #expect(!hasDetails(press(.enter, from: model), Size(width: 120, height: 40)))
  }

  /// On a low screen the details scroll, and the list by its rows.
  @Test func detailsOfAWorkloadScroll() {
    let size = Size(width: 80, height: 24)
    var model = press(.character("W"), .enter)
    func context() -> FrameContext { frame(model, size: size).frameContext }
    let first = text(model, size: size)
    #expect(first.contains("PgUp, PgDn: more details") && !first.contains(" throttled "))
    var seen = first
    for _ in 0..<9 {
      _ = model.handle(.pageDown, in: context())
      seen += text(model, size: size)
    }
    #expect(seen.contains(" throttled ") && seen.contains(" memory limit "), "\(seen)")
    guard case .workloads(let choice)? = model.state.overlay else {
      Issue.record("no overlay")
      return
    }
    #expect(choice.scroll == context().details.hidden && choice.selected == 0)
    _ = model.handle(.down, in: context())
    #expect(text(model, size: size).contains("cron.service"))
    if case .workloads(let choice)? = model.state.overlay { #expect(choice.scroll == 0 && choice.selected == 1) }
  }

  @Test func usersAreListedWithTheirProcesses() {
    let model = press(.character("O"))
    let shown = text(model, size: Size(width: 160, height: 40))
    #expect(shown.contains("Users by CPU") && shown.contains("processes") && shown.contains("LISTED PROCESSES"))
    #expect(text(press(.tab, from: model)).contains("Workloads by CPU"))
    var process = Process()
    (process.pid, process.user, process.cpu, process.resident) = (1, "mira", 0.5, 100)
    var other = process
    (other.pid, other.cpu) = (2, .nan)
    var gpu = GPU(vendor: "nvidia")
    var held = GPUProcess(pid: 2)
    (held.util, held.vram) = (0.25, 7)
    gpu.processes = [held]
    var sample = Sample()
    sample.gpus = [gpu]
    let users = UserUse(sample, [process, other]).rows
    #expect(users.count == 1 && users[0].cpu == 0.5 && users[0].memory == 200 && users[0].tasks == 2)
    #expect(users[0].gpu == 0.25 && users[0].gpuMemory == 7)
  }

  /// Most of what a user uses may be in processes that ended or that no list has.
  @Test func usersHaveTheirEndedAndUnlistedProcesses() throws {
    var input = input
    var sample = try #require(input.entries.last?.sample)
    var shell = Process()
    (shell.pid, shell.name, shell.user, shell.cpu, shell.resident) = (7, "bash", "mira", 0.03, 1e6)
    shell.workload = "service:fork.service"
    var root = Process()
    (root.pid, root.name, root.user, root.cpu, root.resident) = (1, "init", "root", 0.05, 2e6)
    var ended = EndedProcesses()
    (ended.name, ended.user, ended.workload, ended.count, ended.cpu) = (
      "true", "mira", "service:fork.service", 346, 0.24
    )
    // Ended outside of every listed workload.
    var stray = ended
    (stray.workload, stray.cpu, stray.user) = (nil, 0.125, "ann")
    var group = Workload()
    (group.id, group.name, group.kind) = ("service:fork.service", "fork.service", .service)
    (group.cpu, group.endedCPU, group.memory) = (0.49, 0.4, 5e6)
    var unlisted = group
    (unlisted.id, unlisted.name, unlisted.user) = ("service:db.service", "db.service", "dba")
    (unlisted.cpu, unlisted.endedCPU) = (0.25, 0)
    sample.workloads?.top = [group, unlisted]
    sample.workloads?.unattributedCPU = 1 - 0.49 - 0.25
    var processes = Processes()
    (processes.total, processes.top, processes.ended) = (86, [root, shell], [ended, stray])
    sample.processes = processes
    (sample.elapsed, sample.cpu.usage, sample.cpu.threads, sample.cpu.modes) = (30, 0.5, 2, nil)

    let use = UserUse(sample, processes.top)
    let cpu = Dictionary(uniqueKeysWithValues: use.rows.map { ($0.name, $0.cpu) })
    #expect(use.rows.first?.name == "mira")
    for (user, expected) in [("mira", 0.49), ("dba", 0.25), ("ann", 0.125), ("root", 0.05)] {
      #expect(abs((cpu[user] ?? 0) - expected) < 1e-9, "\(user)")
    }
    #expect(abs(use.unattributedCPU - (1 - 0.49 - 0.25 - 0.125 - 0.05)) < 1e-9)
    #expect(abs((use.rows.first?.endedCPU ?? 0) - 0.4) < 1e-6 && use.rows.first?.memory == 5e6)

    // The same figures as the ranking of a window.
    var sum = CulpritSum(by: .user)
    sum.add(sample)
    for culprit in sum.ranking(of: .cpu, limit: 9).culprits {
      #expect(abs(culprit.cpu / 30 - (cpu[culprit.name] ?? 0)) < 1e-9, "\(culprit.name)")
    }

    let history = History(capacity: 1, interval: 30)
    history.append(sample)
    (input.entries, input.state, input.size) = (
      history.all, press(.character("O")).state, Size(width: 160, height: 40)
    )
    let shown = Screen(input).draw().grid.rows.joined(separator: "\n")
    for part in ["mira", "49.0", "1 listed", "2 of 86 processes are listed", "no user's 8.5%"] {
      #expect(shown.contains(part), "\(part)")
    }
    #expect(!shown.contains("THRTL") && !shown.contains("PSI"))
  }

  @Test func aPanelIsShownAloneByItsDigit() {
    let menu = press(.character("v"))
    #expect(text(menu).contains("Panel alone"))
    let disk = press(.character("4"), from: menu)
    #expect(disk.state.focus == .disk && disk.state.isMaximized && disk.state.overlay == nil)
    #expect(text(disk).contains("read total"))
    #expect(press(.down, .enter, from: menu).state.focus == .memory)
    #expect(press(.escape, from: menu).state == Model().state)
  }

  @Test func aMarkedWindowIsRanked() {
    var model = press(.character("'"))
    #expect(text(model).contains("marked "))
    model = press(.left, .left, from: model)
    // The mark stays in sight: on the axis, and with what it is for.
    #expect(text(model).contains("┃") && text(model).contains("' rank since "))
    model = press(.character("'"), from: model)
    let shown = text(model)
    // The samples after the first mark: the growth of the counters in these 10 s.
    for part in ["CPU by workload", "postgresql.service", "5.0 s", "2.5 s", "2 samples"] {
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
