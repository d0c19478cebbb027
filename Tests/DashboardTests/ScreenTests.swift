import AgentMetrics
import SampleStore
import Testing

@testable import Dashboard

/// Messages of a screen in special cases.
@Suite struct ScreenTests {
  private func screen(
    _ history: History, age: Double = 0, size: Size = Size(width: 80, height: 24), message: String? = nil,
    state: ScreenState = ScreenState(), listening: String? = nil
  ) -> String {
    var input = ScreenGoldens.screenInput(history, size: size, state: state, message: message)
    input.options.listening = listening
    input.now += age
    input.utcOffset = 0
    return Screen(input).draw().grid.rows.joined(separator: "\n")
  }

  @Test func anOldSampleIsSaidWithItsAge() {
    var machine = MadeUpMachine.smallVM
    let history = machine.history(ticks: 5, interval: 5)
    #expect(!screen(history, age: 2.9).contains("no data"))
    #expect(screen(history, age: 3.5).contains("no data for 3 s"))
    #expect(screen(history, age: 4000).contains("no data for 1h 06m"))
    var slow = ScreenState()
    slow.settings.refresh = 5
    #expect(!screen(history, age: 14.9, state: slow).contains("no data"))
    #expect(screen(history, age: 15.5, state: slow).contains("no data for 15 s"))
    for size in [Size(width: 40, height: 12), Size(width: 40, height: 9), Size(width: 30, height: 2)] {
      #expect(screen(history, age: 60, size: size).contains("no data for 1m 00s"), "\(size)")
    }
    // In the past, an old frame is expected.
    var past = ScreenState()
    past.cursor.time = history.latest?.sample.timestamp.seconds
    #expect(!screen(history, age: 60, state: past).contains("no data"))
  }

  @Test(arguments: [1, 3, 16]) func gpusThatSleepOrAreLostSaySo(count: Int) throws {
    var machine = MadeUpMachine.gpuServer
    machine.gpus = count
    let history = machine.history(ticks: 5)
    var sample = try #require(history.latest).sample
    sample.gpus[0].state = .asleep
    sample.gpus[count - 1].state = count == 1 ? .asleep : .lost
    sample.gpus[count - 1].age = 42
    history.append(sample)
    for size in [Size(width: 200, height: 60), Size(width: 120, height: 40)] {
      let text = screen(history, size: size)
      // Words where a GPU has a row of its own, signs in a column.
      #expect(text.contains("asleep") || text.contains(" z "), "\(size)")
      #expect(count == 1 || text.contains("no response") || text.contains("! "), "\(size)")
      #expect(text.contains("1 lost") == (count > 1), "\(size)")
    }
    guard count > 1 else { return }
    for size in [Size(width: 80, height: 24), Size(width: 60, height: 20), Size(width: 40, height: 10)] {
      #expect(screen(history, size: size).contains(size.width > 40 || count > 3 ? "lost" : "no r"), "\(size)")
    }
  }

  /// Throttling, Xid, ECC and recovery actions are marked in the row of their GPU, on every screen and in every layout.
  @Test(arguments: [1, 2, 3, 8, 16, 40]) func gpusInTroubleSaySo(count: Int) throws {
    var machine = MadeUpMachine.gpuServer
    machine.gpus = count
    let history = machine.history(ticks: 5)
    let well = try #require(history.latest).sample
    for (word, mark, change) in [
      ("power cap", "T", { $0.throttleReasons = "power_cap" }), ("Xid 79", "X", { $0.xid = 79 }),
      ("3 ECC", "E", { $0.eccUncorrected = 3 }), ("needs Reset", "R", { $0.recoveryAction = "Reset" }),
    ] as [(String, String, (inout GPU) -> Void)] {
      var sample = well
      change(&sample.gpus[count - 1])
      let one = History(capacity: 2, interval: 1)
      one.append(sample)
      for layout in LayoutPreset.allCases where layout != .io {
        for size in ScreenGoldens.sizes {
          var state = ScreenState()
          state.settings.layout = layout
          let text = screen(one, size: size, state: state)
          // A letter in a column of its own, as for 16 GPUs in 80 columns; in lines, words, shortened if needed.
          let rows = text.split(separator: "\n").map(String.init)
          let number = String(count - 1)
          let hasMark = rows.contains { $0.contains(" " + mark) || $0.contains(number + mark) }
          #expect(
            text.contains(word) || hasMark || text.contains(mark == "T" ? "1 throttled" : "1 faulty"),
            "\(word), \(count) GPUs, \(layout), \(size)\n\(text)")
        }
      }
    }
  }

  @Test func timesOfOtherDaysHaveDates() {
    let clock = WallClock(now: 1_770_273_900, utcOffset: 3600)
    #expect(clock.time(1_770_273_900) == "07:45:00" && clock.short(1_770_273_900) == "07:45")
    #expect(clock.time(1_770_273_900 - 86_400) == "2026-02-04 07:45:00")
    #expect(clock.short(1_770_273_900 - 86_400) == "Feb 4 07:45" && clock.day(0) == "Jan 1")
    // Midnight is local.
    #expect(clock.isToday(1_770_246_000) && !clock.isToday(1_770_245_999))
    for (seconds, date) in [
      (0.0, "1970-01-01"), (-1, "1969-12-31"), (951_782_399, "2000-02-28"), (951_782_400, "2000-02-29"),
      (951_868_800, "2000-03-01"), (4_107_542_400, "2100-03-01"), (4_107_456_000, "2100-02-28"),
    ] { #expect(TextFormat.date(seconds) == date) }
    var machine = MadeUpMachine.gpuServer
    let history = machine.history(ticks: 400)
    var input = ScreenGoldens.screenInput(history, size: Size(width: 120, height: 40))
    input.now += 86_400
    input.state.cursor.time = history.latest.map { $0.sample.timestamp.seconds - 60 }
    input.state.cursor.axisEnd = history.latest?.sample.timestamp.seconds
    let text = Screen(input).draw().grid.rows.joined(separator: "\n")
    #expect(text.contains("PAST 2026-02-05 0") && text.contains("recorded at 2026-02-05 0") && text.contains("Feb 5 0"))
    input.size = Size(width: 40, height: 10)
    #expect(Screen(input).draw().grid.rows[0].contains("PAST 2026-02-05 0"))
  }

  @Test func messagesTakeTheFoot() {
    var machine = MadeUpMachine.smallVM
    let history = machine.history(ticks: 5)
    #expect(screen(history, message: "port 8080 is in use").hasSuffix("port 8080 is in use"))
    let listening = screen(history, size: Size(width: 140, height: 40), listening: "http://127.0.0.1:8080/ui/")
    #expect(listening.hasSuffix("http://127.0.0.1:8080/ui/"))
  }

  @Test func theGroupsLimitsStandBesideTheHostsFigures() {
    var machine = MadeUpMachine.smallVM
    let history = machine.history(ticks: 5)
    for size in [Size(width: 200, height: 60), Size(width: 80, height: 24), Size(width: 60, height: 16)] {
      let text = screen(history, size: size)
      #expect(text.contains("group 0.7/1.5 CPUs"), "\(size)")
      #expect(text.contains("/3.00 GiB") && text.contains("/4.00 GiB"), "\(size)")
    }
    let small = screen(history, size: Size(width: 40, height: 12))
    #expect(small.contains("0.7/1.5 CPUs") && small.contains("/3.00 GiB"))
    machine = .smallVM
    (machine.memoryLimit, machine.cpuLimit) = (nil, nil)
    #expect(!screen(machine.history(ticks: 5)).contains("group"))
  }

  @Test func whatAMachineDoesNotHaveHasNoPanel() {
    var machine = MadeUpMachine.smallVM
    (machine.hasPressure, machine.hasProcesses, machine.disks, machine.networks, machine.mounts, machine.swapTotal) =
      (false, false, [], [], [], 0)
    let text = screen(machine.history(ticks: 5), size: Size(width: 200, height: 60))
    for title in ["GPU", "PRESSURE", "PROCESSES", "DISKS", "NETWORK", "FILESYSTEMS", "TEMPERATURES", "swap"] {
      #expect(!text.contains(title), "\(title)")
    }
    #expect(text.contains("CPU") && text.contains("MEMORY"))
  }

  @Test func aStaleFilesystemIsSaidWithItsAge() {
    var machine = MadeUpMachine.staleFilesystem
    let text = screen(machine.history(ticks: 5), size: Size(width: 120, height: 40))
    #expect(text.contains("42s old  1.5 TiB") && text.contains("no answer in 2 s"))
  }

  @Test func whatAlarmsIsSaidOnEverySmallScreen() {
    var (stale, full) = (MadeUpMachine.staleFilesystem, MadeUpMachine.gpuServer)
    let histories = (stale: stale.history(ticks: 5), full: full.history(ticks: 5))
    for size in [Size(width: 80, height: 24), Size(width: 60, height: 20), Size(width: 40, height: 10)] {
      #expect(screen(histories.stale, size: size).contains("/mnt/gone no answer in 2 s"), "\(size)")
      let text = screen(histories.full, size: size)
      #expect(text.contains("/scratch") && text.contains("93%"), "\(size)")
      // At least one value of every subject of a smaller screen.
      for word in ["CPU", "RAM", "python3"] { #expect(text.contains(word), "\(word) \(size)") }
      #expect(size.width == 40 || text.contains("12 lost"), "\(size)")
    }
  }

  @Test func noSizeHidesWhatASmallerOneShows() {
    var (server, many) = (MadeUpMachine.gpuServer, MadeUpMachine.sixteenGPUs)
    for history in [server.history(ticks: 5), many.history(ticks: 5)] {
      for height in 10...30 {
        for width in [40, 59, 60, 80, 100, 120] {
          let text = screen(history, size: Size(width: width, height: height))
          for words in [["CPU"], ["RAM"], ["GPU"], ["disk", "DISKS"], ["net ", "NETWORK"], ["python3"]] {
            #expect(words.contains { text.contains($0) }, "\(words) \(width)x\(height)")
          }
        }
      }
    }
  }

  @Test func rowsThatAreLeftOutAreCounted() {
    var machine = MadeUpMachine.gpuServer
    let text = screen(machine.history(ticks: 5), size: Size(width: 80, height: 28))
    for title in ["DISKS +6", "NETWORK +6", "FILESYSTEMS +3", "TEMPERATURES +4"] {
      #expect(text.contains(title), "\(title)")
    }
  }

  @Test func cpusShareCellsWhereThereIsNoRoomForAll() {
    var machine = MadeUpMachine.manyThreads
    let history = machine.history(ticks: 5)
    #expect(screen(history, size: Size(width: 60, height: 20)).contains("128 "))
    #expect(screen(history, size: Size(width: 60, height: 20)).contains("PROCESSES"))
    #expect(!screen(history, size: Size(width: 200, height: 60)).contains("CPUs each"))
    var grid = Grid(Size(width: 60, height: 3))
    let cores = (0..<256).map { CPU.Core(cpu: Int32($0), usage: $0 % 8 < 4 ? 1 : 0) }
    _ = CoresView(cores: cores, glyphs: Glyphs(.ascii)).draw(on: &grid, in: grid.bounds)
    #expect(
      grid.rows == [
        "  0 " + String(repeating: "90", count: 16) + "  4 CPUs each",
        "128 " + String(repeating: "90", count: 16), "",
      ])
  }

  @Test func thePastIsShownWithItsTimeHoweverSmall() {
    var machine = MadeUpMachine.smallVM
    let history = machine.history(ticks: 30)
    var state = ScreenState()
    state.cursor.time = ScreenGoldens.now + 20
    for width in [30, 40, 48, 60, 80, 200] {
      let text = screen(history, size: Size(width: width, height: 10), state: state)
      #expect(text.contains("PAST 06:45:20"), "\(width)")
    }
  }

  @Test func timeGoesOnWhileNoSamplesCome() {
    var machine = MadeUpMachine.smallVM
    var input = ScreenGoldens.screenInput(machine.history(ticks: 300))
    input.connection = DashboardConnection(isConnected: false, reason: "no route to host")
    input.now += 42
    let axis = Screen(input).draw().frameContext.axis
    #expect(axis.end == input.now)
    // By columns, not by seconds.
    input.now += 0.5
    let next = Screen(input).draw()
    #expect(next.frameContext.axis.number(of: next.frameContext.axis.end) == axis.number(of: axis.end))
    #expect(next.grid.rows.joined().contains("LOST 42s ago"))
    (input.connection, input.silence) = (DashboardConnection(isConnected: true), 0)
    #expect(Screen(input).draw().frameContext.axis.end == ScreenGoldens.now + 300)
  }

  @Test func theWayOutStaysOnTheScreen() {
    var machine = MadeUpMachine.gpuServer
    let history = machine.history(ticks: 5)
    #expect(screen(history, message: "port 8080 is in use").hasSuffix("q quit  h keys  port 8080 is in use"))
    var state = ScreenState()
    (state.focus, state.isMaximized) = (.disk, true)
    #expect(screen(history, state: state).contains("Enter all panels"))
    let absent = ScreenGoldens.input("absent")
    for size in [Size(width: 40, height: 10), Size(width: 80, height: 24)] {
      var input = absent
      input.size = size
      let text = Screen(input).draw().grid.rows.joined(separator: "\n")
      #expect(text.contains("no metrics") && text.contains("q quit"), "\(size)")
    }
  }

  @Test func everyLoneGraphHasATimeAxis() {
    var machine = MadeUpMachine.gpuServer
    let history = machine.history(ticks: 60)
    for panel in [PanelDescriptor.cpu, .memory, .gpu, .disk, .network] {
      var state = ScreenState()
      (state.focus, state.isMaximized) = (panel, true)
      let text = screen(history, size: Size(width: 120, height: 40), state: state)
      #expect(text.contains("now"), "\(panel)")
    }
    // The strip above the table of processes has no room for one.
    for layout in LayoutPreset.allCases where layout != .processes {
      var state = ScreenState()
      state.settings.layout = layout
      #expect(screen(history, size: Size(width: 120, height: 40), state: state).contains("now"), "\(layout)")
    }
  }

  @Test func panelsStandStillWhileAFilterIsTyped() {
    var machine = MadeUpMachine.gpuServer
    let history = machine.history(ticks: 5)
    func titles(_ filter: String) -> [Int] {
      var state = ScreenState()
      state.table.filter = filter
      let rows = screen(history, size: Size(width: 120, height: 40), state: state).split(separator: "\n")
      return rows.indices.filter { rows[$0].contains("╭") || rows[$0].contains("╰") }
    }
    #expect(titles("python") == titles("") && titles("nobody is called so") == titles(""))
    var state = ScreenState()
    state.table.filter = "python"
    for width in [60, 80, 120] {
      let text = screen(history, size: Size(width: width, height: 24), state: state)
      #expect(text.contains("1 match") && text.contains("/py"), "\(width)")
    }
  }

  @Test func aRareScanIsNamedInTheTitleOfTheTable() throws {
    var machine = MadeUpMachine.smallVM
    var input = ScreenGoldens.screenInput(machine.history(ticks: 5), size: Size(width: 120, height: 40))
    func title(interval: Double, age: Double, refresh: Int = 1) throws -> String {
      var table = ProcessSnapshot(processes: input.entries.last?.sample.processes?.top ?? [])
      (table.interval, table.age) = (interval, age)
      input.table = table
      input.state.settings.refresh = refresh
      return try #require(Screen(input).draw().grid.rows.first { $0.contains("PROCESSES") })
    }
    #expect(try title(interval: 5.02, age: 3.4).contains("PROCESSES by CPU · CPU% over 5 s, 3 s old ─"))
    #expect(try title(interval: 5, age: 0.2).contains("by CPU · CPU% over 5 s ─"))
    #expect(try title(interval: 1, age: 2.1).contains("by CPU · 2 s old ─"))
    #expect(try title(interval: 90, age: 75).contains("CPU% over 1m 30s, 1m 15s old"))
    // As fresh as the screen: no remark.
    #expect(try title(interval: 1.04, age: 0.9).contains("PROCESSES by CPU ─"))
    #expect(try title(interval: 5, age: 4, refresh: 5).contains("PROCESSES by CPU ─"))
    #expect(try title(interval: .nan, age: .nan).contains("PROCESSES by CPU ─"))
  }

  @Test func aHostThatDoesNotAnswerSaysWhy() {
    var input = ScreenInput()
    input.state.isGrid = true
    input.hosts = [
      HostSummary(name: "a", sample: nil, connection: DashboardConnection(isConnected: false, reason: "timed out"))
    ]
    for width in [80, 120, 200] {
      input.size = Size(width: width, height: 10)
      #expect(Screen(input).draw().grid.rows.joined().contains("unreachable: timed out"), "\(width)")
    }
  }

  @Test func levelsAreNoMeans() throws {
    var machine = MadeUpMachine.gpuServer
    let history = machine.history(ticks: 5)
    func age(_ panel: PanelDescriptor, _ id: String) throws -> String {
      var input = ScreenGoldens.screenInput(history)
      let sample = try #require(history.latest).sample
      let place = try #require(ExplainView.metrics(of: panel, in: sample).firstIndex { $0.metric.id == id })
      input.state.overlay = .explain(panel, selected: place)
      let rows = Screen(input).draw().grid.rows
      return try #require(rows.first { $0.contains("│ age ") })
    }
    #expect(try age(.memory, "ram.free_mb").contains("instantaneous value"))
    #expect(try age(.memory, "ram.usage").contains("instantaneous value"))
    #expect(try age(.cpu, "cpu.usage").contains("mean over 1.0 s"))
    #expect(try age(.disk, "disk.read_bytes_per_sec").contains("mean over 1.0 s"))
  }

  @Test func aLongSourceIsExplainedInTwoRows() throws {
    var machine = MadeUpMachine.gpuServer
    let history = machine.history(ticks: 5)
    var input = ScreenGoldens.screenInput(history)
    let sample = try #require(history.latest).sample
    let metrics = ExplainView.metrics(of: .memory, in: sample)
    let place = try #require(metrics.firstIndex { $0.metric.id == "ram.available_mb" })
    input.state.overlay = .explain(.memory, selected: place)
    let rows = Screen(input).draw().grid.rows
    let first = try #require(rows.firstIndex { $0.contains("│ source   ") })
    let text = rows[first...first + 1].map { $0.split(separator: "│")[0].dropFirst(10) }.joined()
    let source = String(metrics[place].metric.definition.source.filter { $0 != " " }.prefix(100))
    #expect(text.filter { $0 != " " }.hasPrefix(source))
  }

  @Test func detailsOutliveTheirProcess() throws {
    var machine = MadeUpMachine.smallVM
    var input = ScreenGoldens.screenInput(machine.history(ticks: 5), size: Size(width: 100, height: 30))
    var table = ProcessSnapshot(processes: input.entries.last?.sample.processes?.top ?? [])
    input.lastProcess = table.processes.popLast()
    let process = try #require(input.lastProcess)
    input.table = table
    input.state.overlay = .details(process.pid)
    let ended = Screen(input).draw().grid.rows.joined(separator: "\n")
    #expect(ended.contains("─ \(process.pid) \(process.name) ─") && ended.contains("state      ended"))
    #expect(ended.contains("user       \(process.user)"))
    // A filter hides the row, not the process.
    input.table?.processes.append(process)
    input.state.table.filter = "no process has this name"
    let hidden = Screen(input).draw().grid.rows.joined(separator: "\n")
    #expect(hidden.contains(" \(process.name) ─") && !hidden.contains("state      ended"))
    input.lastProcess = nil
    input.state.overlay = .details(99_999)
    #expect(Screen(input).draw().grid.rows.joined().contains("─ 99999 ─"))
  }

  /// Wide screens show the table beside the details, and every section of them.
  @Test func detailsStandBesideTheTable() throws {
    var machine = MadeUpMachine.gpuServer
    var input = ScreenGoldens.screenInput(machine.history(ticks: 5), size: Size(width: 160, height: 70))
    let sample = try #require(input.sample)
    input.table = ProcessSnapshot(processes: sample.processes?.top ?? [])
    let process = try #require(input.table?.processes.first { $0.pid == 1903 })
    var details = ProcessDetails()
    details.environment = ["HOME=/root", "TOKEN=********"]
    details.files = [(3, "/var/log/a.log")]
    details.sockets = ["4 tcp 127.0.0.1:80 listening"]
    details.limits = [("stack size", "8388608", "unlimited")]
    details.oomScore = (700, 3)
    details.memoryParts = [("anonymous", 1_048_576), ("program", 2_097_152), ("stack", 4_096)]
    details.threads = [
      .init(id: 5, name: "w5", state: 83, cpuTime: 9), .init(id: 6, name: "w6", state: 82, cpuTime: 1),
    ]
    var cgroup = Cgroup()
    (cgroup.path, cgroup.version, cgroup.memoryLimit) = ("/app", 2, 3e9)
    details.cgroup = cgroup
    details.memory.shared = 5_242_880
    input.details = details
    input.state.overlay = .details(1903)
    let rows = Screen(input).draw().grid.rows
    let head = try #require(rows.firstIndex { $0.contains("─ 1903 \(process.name) ─") })
    #expect(rows[head].contains("PROCESSES"))
    let text = rows.joined(separator: "\n")
    for part in [
      "MEMORY MAP", "anonymous           1.0 MiB", "CGROUP v2", "/app", "LIMITS that are set", "stack size",
      "THREADS 2",
      "S  0:09.00  w5", "SOCKETS 1", "4 tcp 127.0.0.1:80 listening", "FILES 1", "3 /var/log/a.log", "ENVIRONMENT 2",
      "TOKEN=********", "700, adjusted by 3", "5.0 MiB shared",
    ] { #expect(text.contains(part), "\(part)") }
    // Narrower screens show them over the panels.
    input.size.width = 110
    #expect(!Screen(input).draw().grid.rows.contains { $0.contains("─ 1903 ") && $0.contains("PROCESSES") })
  }

  /// Parts of the details that may not be read, or are empty, are named.
  @Test func refusedDetailsAreNamed() throws {
    var machine = MadeUpMachine.gpuServer
    var input = ScreenGoldens.screenInput(machine.history(ticks: 5), size: Size(width: 160, height: 70))
    input.table = ProcessSnapshot(processes: try #require(input.sample?.processes?.top))
    input.state.overlay = .details(1903)
    func text(_ topic: DetailTopic) -> String {
      input.state.topic = topic
      return Screen(input).draw().grid.rows.joined(separator: "\n")
    }
    var details = ProcessDetails()
    details.refused = ["environment", "open files and sockets"]
    input.details = details
    #expect(text(.summary).contains("not permitted to read: environment, open files and sockets"))
    #expect(text(.environment).contains("environment: not permitted to read"))
    #expect(text(.environment).contains("not permitted to read: open files and sockets"))
    #expect(text(.files).contains("open files: not permitted to read"))
    details.refused = []
    (details.environment, details.openFiles) = ([], 0)
    input.details = details
    #expect(text(.environment).contains("environment: none") && text(.files).contains("open files: none"))
    #expect(!text(.summary).contains("not permitted"))
    (details.environment, details.openFiles) = (nil, nil)
    input.details = details
    #expect(text(.environment).contains("environment: not available"))
    // Another machine's processes have no details.
    (input.details, input.hasDetails) = (nil, false)
    #expect(text(.environment).contains("environment: not read from another machine"))
    #expect(!text(.summary).contains("not read from"))
    input.state.cursor.time = input.now - 3
    #expect(text(.files).contains("open files: not recorded"))
  }

  @Test func detailsAreScrolledWhereTheyAreCut() {
    var machine = MadeUpMachine.gpuServer
    var input = ScreenGoldens.screenInput(machine.history(ticks: 5), size: Size(width: 40, height: 10))
    var details = ProcessDetails()
    details.command = "/usr/bin/python3 " + String(repeating: "argument ", count: 20) + "@"
    input.details = details
    var model = Model()
    model.state.overlay = .details(1903)
    var seen = ""
    for _ in 0..<12 {
      input.state = model.state
      let picture = Screen(input).draw()
      seen = picture.grid.rows.joined()
      if seen.contains("@") { break }
      #expect(seen.contains("more ↓"))
      _ = model.handle(.pageDown, in: picture.frameContext)
    }
    #expect(seen.contains("@"))
    // Another process is shown from its beginning.
    model.state.overlay = .details(1)
    #expect(model.state.overlayScroll == 0)
  }
}
