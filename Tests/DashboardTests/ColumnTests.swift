import AgentMetrics
import SampleStore
import Synchronization
import Testing

@testable import Dashboard

/// The choice of columns, and htop's keys.
@Suite struct ColumnTests {
  private let input: ScreenInput = {
    var machine = MadeUpMachine.smallVM
    var input = ScreenGoldens.screenInput(
      machine.history(ticks: 20), size: Size(width: 120, height: 40), state: ScreenState(), message: nil)
    input.canSignal = true
    input.table = ProcessSnapshot(
      processes: [("postgres", 40, "postgres", 3.0), ("nginx", 50, "www-data", 0.5), ("python3", 60, "mira", 0.1)].map {
        name, pid, user, cpu in
        var process = Process()
        (process.name, process.pid, process.user, process.cpu) = (name, Int32(pid), user, cpu)
        (process.resident, process.virtual, process.nice, process.priority) = (2e9, 5e9, pid == 50 ? 5 : 0, 20)
        (process.cpuTime, process.start, process.parent) = (Double(pid) * 100, 10, 1)
        process.command = "/usr/lib/" + name + " --flag /x"
        process.workload = "service:" + name + ".service"
        return process
      })
    return input
  }()

  private func frame(_ model: Model, width: Int = 120) -> Frame {
    var input = input
    (input.state, input.size.width) = (model.state, width)
    return Screen(input).draw()
  }

  private func press(_ keys: KeyPress..., from model: Model = Model()) -> Model {
    var model = model
    for key in keys { _ = model.handle(key, in: frame(model).frameContext) }
    return model
  }

  private func rows(_ model: Model, width: Int = 120) -> [String] { frame(model, width: width).grid.rows }

  private func row(_ text: String, _ model: Model, width: Int = 120) -> String {
    rows(model, width: width).first { $0.contains(text) } ?? ""
  }

  private func chosen(_ columns: [ProcessColumn]) -> Model {
    var model = Model()
    model.state.table.columns = columns
    return model
  }

  @Test(arguments: [
    (0.0, "0:00.00"), (3.454, "0:03.45"), (187.5, "3:07.50"), (3_599.99, "59:59.99"), (3_600, "1h00:00"),
    (3_723, "1h02:03"), (86_400, "1d00h00"), (277_500, "3d05h05"), (-5, "0:00.00"),
  ]) func timeIsThatOfTop(seconds: Double, text: String) {
    #expect(ProcessTableView.time(seconds) == text)
  }

  @Test func chosenColumnsStandInTheirOrder() {
    let model = chosen([.pid, .parent, .priority, .nice, .virtual, .memoryShare, .time, .workload, .command])
    let head = row("PPID", model).split(separator: " ").filter { !["│", "|"].contains($0) }
    #expect(head == ["PID", "PPID", "PRI", "NI", "VIRT", "MEM%", "TIME+", "WORKLOAD", "COMMAND"])
    let nginx = row("/usr/lib/nginx", model)
    for part in [" 50 ", " 1 ", " 20 ", " 5 ", "1h23:20", "service:nginx.service", "/usr/lib/nginx --flag /x"] {
      #expect(nginx.contains(part), "\(part): \(nginx)")
    }
    var short = model
    short.state.table.showsFullCommand = false
    #expect(row("service:nginx", short).contains(" nginx --flag /x"))
    // Narrow screens show the first ones; , and . scroll.
    #expect(!row("PPID", model, width: 70).contains("COMMAND"))
    let scrolled = press(.character("."), .character("."), from: model)
    #expect(!rows(scrolled).contains { $0.contains("PPID") } && row("PRI", scrolled).contains("COMMAND"))
    let far = (0..<9).reduce(model) { model, _ in press(.character("."), from: model) }
    #expect(rows(far).contains { $0.contains("flag /x") } && !rows(far).contains { $0.contains("/usr/lib/nginx") })
    #expect(press(.character("."), from: Model()).state.note == "choose columns first (C)")
  }

  @Test func columnsAreChosenOrderedAndKept() throws {
    var model = press(.function(2), .enter)
    #expect(rows(model).contains { $0.contains("Columns of processes: automatic, by width") })
    // Hides the first, then moves the second.
    let context = frame(model).frameContext
    #expect(model.handle(.character(" "), in: context) == .save)
    #expect(model.state.settings.table.columns?.first == .user)
    model = press(.end, .home, .right, from: model)
    #expect(model.state.settings.table.columns?.prefix(2) == [.state, .user])
    let text = ConfigFile.text(model.state.settings, over: "")
    #expect(text.contains("columns = state,user,threads,cpu"))
    #expect(ConfigFile.parse(text).settings.table.columns == model.state.settings.table.columns)
    let automatic = press(.character("a"), from: model)
    #expect(automatic.state.settings.table.columns == nil)
    #expect(press(.escape, from: automatic).state.overlay == nil)
    #expect(DashboardOptions.problem(ofOverride: "columns=pid,cpu") == nil)
    let problem = try #require(DashboardOptions.problem(ofOverride: "columns=pid,colour"))
    #expect(problem.hasPrefix("columns may be auto or some of pid,user,state,threads,cpu"))
    // The last column stays.
    var one = TableState()
    one.columns = [.pid]
    #expect(one.toggleColumn(0) == 0 && one.columns == [.pid])
  }

  @Test func everyColumnIsDrawnAndSorted() {
    for column in ProcessColumn.allCases {
      var model = chosen([column])
      model.state.table.sort = column
      #expect(rows(model).contains { $0.contains(column.title) }, "\(column)")
      model.state.table.columns = nil
      _ = rows(model, width: 60)
    }
    var model = chosen([.name, .time])
    model.state.table.sort = .time
    #expect(frame(model).frameContext.rows == [60, 50, 40])
  }

  @Test func functionKeysAreThoseOfHtop() {
    var model = Model()
    #expect(model.handle(.function(10), in: frame(model).frameContext) == .quit)
    #expect(press(.function(4)).state.overlay == .filter(before: ""))
    #expect(press(.function(5)).state.table.isTree)
    let menu = press(.function(6))
    #expect(rows(menu).contains { $0.contains("Sort by") })
    #expect(press(.down, .enter, from: menu).state.table.sort == .memory)
    // The column of the order keeps it; Home and End lead to the ends of a list.
    #expect(!press(.enter, from: menu).state.table.isReversed)
    #expect(press(.home, .enter, from: menu).state.table.sort == .pid)
    #expect(press(.end, from: menu).state.overlay == .sortMenu(selected: ProcessColumn.allCases.count - 1))
    let selected = press(.down, .down)
    #expect(selected.state.table.selected == 50)
    model = selected
    guard case .renice(let processes, let step) = model.handle(.function(8), in: frame(model).frameContext) else {
      Issue.record("no effect")
      return
    }
    #expect(processes.map(\.pid) == [50] && step == 1)
    #expect(press(.character("I")).state.table.isReversed && press(.character("N")).state.table.sort == .pid)
    #expect(press(.character("P"), from: press(.character("M"))).state.table.sort == .cpu)
    // As in htop: the same key again keeps the order, and I reverses it.
    let keys: [(Unicode.Scalar, ProcessColumn)] = [("P", .cpu), ("M", .memory), ("T", .time), ("N", .pid)]
    for (scalar, column) in keys {
      let key = KeyPress.character(scalar)
      let twice = press(key, key)
      #expect(twice.state.table.sort == column && !twice.state.table.isReversed)
      let reversed = press(.character("I"), from: twice)
      #expect(reversed.state.table.isReversed && !press(key, from: reversed).state.table.isReversed)
    }
    #expect(press(.character("m"), .character("m")).state.table.isReversed)
    #expect(press(.character("\\")).state.overlay == .filter(before: ""))
    #expect(press(.character("C")).state.overlay == .columns(selected: 0))
    var context = frame(model).frameContext
    context.canSignal = false
    #expect(model.handle(.function(7), in: context) == .draw && model.state.note?.hasPrefix("read-only") == true)
  }

  /// A word that begins as a threshold and is none matches as text, and the forms are shown.
  @Test(arguments: [">", ">5", ">cpu", ">100MBmem", "!<3", "nginx >5%"]) func malformedThresholdsAreExplained(
    filter: String
  ) throws {
    let word = try #require(filter.split(separator: " ").last)
    let typed = filter.unicodeScalars.reduce(press(.character("/"))) { press(.character($1), from: $0) }
    let prompt = rows(typed).last ?? ""
    #expect(prompt.hasPrefix("/" + filter) && prompt.contains(ProcessFilter.thresholds))
    let applied = press(.enter, from: typed)
    #expect(applied.state.overlay == nil && applied.state.note?.hasPrefix("\"\(word)\" is matched as text") == true)
    var burst = press(.character("/"))
    _ = burst.handle(Paste(text: filter + "\n", isBracketed: false), in: frame(burst).frameContext)
    #expect(burst.state == applied.state)
    #expect(ProcessFilter.malformed(">50%cpu <2gmem !>1mio a>b") == nil)
  }

  @Test func aSearchSelectsWhileItIsTyped() {
    let model = press(.function(3), .character("p"), .character("y"))
    #expect(model.state.table.selected == 60 && model.state.overlay == .search("py"))
    #expect(rows(model).last?.hasPrefix("search: py") == true)
    let two = press(.function(3), .character("p"))
    #expect(two.state.table.selected == 40)
    #expect(
      press(.function(3), from: two).state.table.selected == 60
        || press(.function(3), from: two).state.table.selected == 50)
    #expect(press(.character("z"), from: model).state.note == "no process matches pyz")
    #expect(press(.enter, from: model).state.overlay == nil)
    var pasted = press(.function(3))
    _ = pasted.handle(Paste(text: "python", isBracketed: true), in: frame(pasted).frameContext)
    #expect(pasted.state.table.selected == 60 && pasted.state.overlay == .search("python"))
    // Text and Enter in one read, as over a slow connection.
    var typed = press(.function(3))
    _ = typed.handle(Paste(text: "pyx\u{8}thon\n", isBracketed: false), in: frame(typed).frameContext)
    #expect(typed.state.table.selected == 60 && typed.state.overlay == nil && typed.state.note == nil)
  }

  @Test func aUserIsSelected() {
    let menu = press(.character("u"))
    #expect(rows(menu).contains { $0.contains("all users") })
    let mira = press(.down, .enter, from: menu)
    #expect(mira.state.table.filter == "user:mira" && frame(mira).frameContext.rows == [60])
    #expect(press(.character("u"), .enter, from: mira).state.table.filter == "")
  }

  @Test func severalProcessesAreTaggedAndSignaled() {
    var model = press(.down, .character(" "), .down, .character(" "))
    #expect(model.state.table.tagged == [40, 60] && !model.state.isPaused)
    guard case .holdAll(let processes) = model.handle(.function(9), in: frame(model).frameContext) else {
      Issue.record("no effect")
      return
    }
    #expect(processes.map(\.pid) == [40, 60])
    #expect(rows(model).contains { $0.contains("Signal to 2 tagged processes") })
    model = press(.enter, from: model)
    #expect(rows(model).contains { $0.contains("Send TERM to 2 tagged processes?") })
    #expect(rows(model).contains { $0.contains("60 python3") })
    let untagged = press(.escape, .character("U"), from: model)
    #expect(untagged.state.table.tagged.isEmpty)
    // Without a selection it pauses.
    #expect(press(.character(" ")).state.isPaused)
  }

  @Test func allMatchingProcessesAreTagged() {
    var model = press(.character("/"), .character("p"), .enter, .character("A"))
    #expect(model.state.table.tagged == [40, 60] && model.state.note == "2 processes tagged")
    // Renicing and the I/O priority are for all of them, too.
    guard case .renice(let processes, let step) = model.handle(.function(7), in: frame(model).frameContext) else {
      Issue.record("no effect")
      return
    }
    #expect(processes.map(\.pid) == [40, 60] && step == -1)
    guard case .askIOPriority(let asked) = model.handle(.character("i"), in: frame(model).frameContext) else {
      Issue.record("no effect")
      return
    }
    #expect(asked.map(\.pid) == [40, 60])
    model.state.overlay = .ioPriority(IOPriorityDialog(processes: asked, selected: 16))
    #expect(rows(model).contains { $0.contains("I/O priority of 2 tagged processes") })
    let idle = press(.down, from: model)
    #expect(IOPriority.all.count == 18 && IOPriority.all[17].number == 3 << 13 && IOPriority.all[9].number == 2 << 13)
    var last = idle
    guard case .setIOPriority(_, let priority) = last.handle(.enter, in: frame(last).frameContext) else {
      Issue.record("no effect")
      return
    }
    #expect(priority.number == 3 << 13)
    #expect(last.state.overlay == nil)
  }

  @Test func prioritiesAreChangedByTheControl() {
    var control = ProcessControl(details: { _ in nil }, hold: { _, _ in .failure(SignalRefusal("no")) })
    var actions = ProcessActions()
    let processes = input.table?.processes ?? []
    #expect(actions.renice(processes, by: 1, control) == "nice values are not changed here")
    #expect(ProcessActions.setIOPriority(IOPriority.all[0], of: processes, control) == IOPriority.isNotSupported)
    control.renice = { pid, _, nice in pid == 50 ? "not permitted " + String(nice) : nil }
    control.setIOPriority = { pid, _, number in pid == 60 ? "refused " + String(number) : nil }
    #expect(actions.renice([processes[0]], by: -30, control) == "nice value of 40 (postgres): 0 to -20")
    #expect(
      actions.renice([processes[1]], by: 1, control)
        == "nice value of 50 (nginx) not changed: not permitted 6")
    // The processes that were changed are counted.
    #expect(
      actions.renice(processes, by: 1, control)
        == "2 of 3 nice values changed; 50 (nginx): not permitted 6")
    #expect(
      actions.renice([processes[0], processes[2]], by: 2, control)
        == "nice values of 2 processes changed by 2")
    #expect(
      ProcessActions.setIOPriority(IOPriority.all[17], of: [processes[0]], control)
        == "I/O priority of 40 (postgres): idle")
    #expect(
      ProcessActions.setIOPriority(IOPriority.all[17], of: processes, control)
        == "2 of 3 I/O priorities changed; 60 (python3): refused 24576")
    control.setIOPriority = { _, _, _ in "refused" }
    #expect(
      ProcessActions.setIOPriority(IOPriority.all[17], of: processes, control)
        == "0 of 3 I/O priorities changed; 3 refused, the first: \(processes[0].pid) (\(processes[0].name)): refused")
  }

  /// Chosen columns that do not fit are counted.
  @Test func hiddenColumnsAreCounted() {
    var model = chosen(ProcessColumn.allCases)
    let head = row("PID", model, width: 80)
    #expect(head.contains("+") && head.contains("›"), "\(head)")
    model.state.table.firstColumn = ProcessColumn.allCases.count - 2
    #expect(!rows(model, width: 80).contains { $0.contains("›") })
    #expect(!row("PID", chosen([.pid, .name, .command]), width: 80).contains("›"))
  }

  /// The last row and the details name no keys that are refused.
  @Test func hintsAreOfKeysThatWork() {
    for canSignal in [true, false] {
      var input = input
      input.canSignal = canSignal
      input.state.table.selected = 50
      func shown() -> String { Screen(input).draw().grid.rows.joined(separator: "\n") }
      #expect(shown().contains("k signal") == canSignal)
      input.size = Size(width: 100, height: 40)
      input.state.overlay = .details(50)
      #expect(shown().contains("k: send a signal") == canSignal)
    }
    var past = Model()
    past.state.cursor.time = input.entries.first?.sample.timestamp.seconds
    #expect(press(.character("H"), from: past).state.note == "threads are not recorded")
  }

  /// A number that is cut would be another number.
  @Test func longNumbersAreNotCutWithoutAMark() {
    var grid = Grid(Size(width: 8, height: 1), isASCII: false)
    grid.putRight("123456", end: 8, y: 0, limit: 4)
    #expect(grid.rows[0].hasSuffix("    123…"))
    var input = input
    input.table?.processes[0].threads = 12_345
    var model = Model()
    model.state.table.columns = [.pid, .threads, .name]
    input.state = model.state
    let row = Screen(input).draw().grid.rows.first { $0.contains("postgres") }
    #expect(row?.contains(" 12k ") == true)
  }

  /// Keys pressed faster than the list is read add up.
  @Test func stepsOfTheNiceValueAddUp() throws {
    var actions = ProcessActions()
    var control = ProcessControl(details: { _ in nil }, hold: { _, _ in .failure(SignalRefusal("no")) })
    let set = Mutex<[Int32]>([])
    control.renice = { _, _, nice in
      set.withLock { $0.append(nice) }
      return nil
    }
    var process = try #require(input.table?.processes.first)
    for _ in 0..<3 { _ = actions.renice([process], by: 1, control) }
    #expect(set.withLock { $0 } == [1, 2, 3])
    // The list is still the same, then has the new value, then one that another program set.
    actions.update([process])
    #expect(actions.renice([process], by: -1, control) == "nice value of 40 (postgres): 3 to 2")
    process.nice = 2
    actions.update([process])
    #expect(actions.renice([process], by: 1, control) == "nice value of 40 (postgres): 2 to 3")
    process.nice = 0
    actions.update([process])
    #expect(actions.renice([process], by: 1, control) == "nice value of 40 (postgres): 0 to 1")
  }

  @Test func signalsReachTheOtherProcessesWhereOneIsRefused() {
    let processes = input.table?.processes ?? []
    func note(of processes: [Process], _ refused: Set<Int32>, ended: Set<Int32> = []) -> String? {
      let control = ProcessControl(
        details: { _ in nil },
        hold: { pid, _ in
          ended.contains(pid)
            ? .failure(SignalRefusal("it has ended")) : .success { _ in refused.contains(pid) ? "not permitted" : nil }
        })
      var actions = ProcessActions()
      if let reason = actions.hold(processes, control) { return reason }
      return actions.send(SignalChoice.all[0], to: processes[0].pid, control)
    }
    let signal = SignalChoice.all[0].name
    #expect(note(of: processes, []) == signal + " to 3 processes sent")
    #expect(note(of: processes, [50]) == signal + " sent to 2 of 3; 50 (nginx): not permitted")
    #expect(note(of: processes, [], ended: [40]) == signal + " sent to 2 of 3; 40 (postgres): it has ended")
    #expect(
      note(of: processes, [60], ended: [40])
        == signal + " sent to 1 of 3; 2 refused, the first: 40 (postgres): it has ended")
    #expect(note(of: [processes[1]], [50]) == signal + " to 50 not sent: not permitted")
    #expect(note(of: [processes[1]], [], ended: [50]) == "no signal sent to 50: it has ended")
  }

  @Test func aSignalIsSelectedByItsNumber() {
    var model = press(.down, .function(9))
    func name(_ model: Model) -> String? {
      guard case .signal(let dialog)? = model.state.overlay else { return nil }
      return dialog.signal.name
    }
    #expect(name(model) == "TERM")
    model = press(.character("9"), from: model)
    #expect(name(model) == "KILL")
    // A digit that continues no number begins another one.
    model = press(.character("1"), from: model)
    #expect(name(model) == "HUP")
    model = press(.character("0"), from: model)
    #expect(name(model) == "USR1")
    #expect(rows(model).contains { $0.contains("10 USR1") })
    #expect(rows(press(.enter, from: model)).contains { $0.contains("Send USR1 to 40 postgres?") })
    let all = SignalChoice.all
    #expect(Set(all.map(\.number)).count == all.count && all.count > 28 && all[1].number == 9)
  }

  @Test func memoryIsShownAndSorted() {
    var input = input
    func memory(_ shared: Double, _ proportional: Double) -> ProcessMemory {
      var memory = ProcessMemory()
      (memory.shared, memory.proportional) = (shared, proportional)
      return memory
    }
    input.memory = [40: memory(3e6, 1e6), 60: memory(9e6, .nan)]
    input.state = chosen([.pid, .shared, .proportional, .swapped, .command]).state
    input.state.table.sort = .shared
    let frame = Screen(input).draw()
    #expect(frame.frameContext.rows == [60, 40, 50])
    func row(_ text: String) -> String { frame.grid.rows.first { $0.contains(text) } ?? "" }
    #expect(row("postgres").contains("2.9Mi 977Ki       /usr"))
    #expect(row("python3").contains("8.6Mi             /usr") && row("nginx").contains(" 50                   /usr"))
    // A sum of a folded row needs all processes, as an order does.
    var table = input.state.table
    #expect(table.memoryParts == [.shared, .proportional, .swapped] && TableState().memoryParts.isEmpty)
    #expect(frame.frameContext.memoryPIDs(table) == [40, 50, 60])
    table.sort = .cpu
    #expect(frame.frameContext.memoryPIDs(table) == [60, 40, 50])
  }

  @Test func viKeysMove() {
    var model = Model()
    model.state.settings.vi = true
    model = press(.character("j"), .character("j"), .character("k"), from: model)
    #expect(model.state.table.selected == 40 && model.state.overlay == nil)
  }
}
