internal import Collect
internal import Query
internal import SampleStore
internal import AgentMetrics
internal import SystemIO

/// The terminal UI: draws the history and handles input until it ends.
final class Dashboard {
  private let hosts: [DashboardHost]
  private let options: DashboardOptions
  private let now: () -> (seconds: Double, utcOffset: Int)
  private let monotonic: () -> Double
  private var model: Model
  private var frameContext = FrameContext()
  /// The process table of the last frame that had one.
  private var lastTable: TableWindow?
  private var frozen: [History.Entry] = []
  /// Input of the last frame, and of the frame frozen by Space.
  private var drawn: ScreenInput?
  private var paused: ScreenInput?
  private var actions = ProcessActions()
  private var logs: [EventLog]
  private let processes = ProcessFetcher()
  private let past = HistoryFetcher()
  private let eventList = EventListFetcher()
  private let windows = WindowFetcher()
  private var arrivals = Arrivals()
  private var message = ShownMessage()
  private var hasFocus = true
  private var lastDraw = -Double.infinity
  /// Monotonic time of the last frame that new samples asked for.
  private var lastWake = -Double.infinity
  private var meanBytes = Double.nan
  private var frames = 0
  private let config: ConfigFile?
  /// Watches that request samples at the frame rate while they live.
  private var watches: [Watch] = []
  private var watchedInterval = 0
  /// The time to open at, until it is viewed, and the monotonic time of the first frame with samples.
  private var start: Double?
  private var firstFrame: Double?

  /// Creates a dashboard on the histories of one or more hosts.
  ///
  /// - Parameters:
  ///   - now: the wall clock in POSIX seconds, and the offset of local time.
  ///   - monotonic: a clock without steps, for the delay of confirmations.
  init(
    hosts: [DashboardHost], options: DashboardOptions,
    now: @escaping () -> (seconds: Double, utcOffset: Int) = localNow,
    monotonic: @escaping () -> Double = { Clock.monotonic }
  ) {
    self.hosts = hosts
    self.options = options
    self.now = now
    self.monotonic = monotonic
    logs = hosts.map { EventLog(interval: $0.history.interval) }
    config = options.configPath.map { ConfigFile(path: $0, overrides: options.overrides) }
    var (settings, problem) = config?.load() ?? (Settings(), nil)
    for override in options.overrides {
      let (changed, wrong) = ConfigFile.parse(override, over: settings)
      settings = changed
      problem = problem ?? wrong
    }
    model = Model(ScreenState(settings: settings))
    model.state.note = problem
    model.state.isGrid = hosts.count > 1
    start = options.start
  }

  /// Creates a dashboard on one history.
  convenience init(
    history: History, demand: SamplingDemand? = nil, options: DashboardOptions,
    now: @escaping () -> (seconds: Double, utcOffset: Int) = localNow,
    monotonic: @escaping () -> Double = { Clock.monotonic }
  ) {
    self.init(
      hosts: [
        DashboardHost(
          name: "", history: history, demand: demand, processes: options.processes, control: options.control,
          memory: options.memory)
      ], options: options, now: now, monotonic: monotonic)
  }

  private var host: DashboardHost { hosts[min(model.state.host, hosts.count - 1)] }

  /// Seconds that a frame waits for its process table.
  private static let patience = 0.2
  /// Seconds that the time to open at waits for samples that reach back to it.
  private static let startPatience = 3.0
  /// Minimum seconds between two frames that only new samples ask for: many hosts, or one that sends a flood, cost no
  /// more than this rate.
  private static let minimumInterval = 0.05
  /// Seconds between two frames while the window lacks the focus.
  private static let unfocusedInterval = 5.0

  /// Runs on the calling thread, the main one, until the user or a signal ends it.
  func run(on terminal: any Terminal) -> DashboardExit {
    let wake = terminal.wake
    watch(wake)
    defer { watches = [] }
    apply(to: terminal)
    var mustDraw = true
    // Latest time, by the monotonic clock, for a frame that waits for the process table or for the minimum interval.
    var deadline: Double?
    // The preview comes a few milliseconds after the start, without a wakeup.
    var untilPreview = 0.003
    while true {
      // Composing a frame costs the same whether the terminal takes it or not.
      if mustDraw, terminal.isReady {
        mustDraw = !draw(on: terminal)
        if !mustDraw { deadline = nil }
        if viewStart(terminal.wake) { continue }
      }
      // Updates the clock in the corner between samples; usually a tick on the second comes first and redraws it.
      let seconds = now().seconds
      var timeout = mustDraw ? 1 : seconds.rounded(.down) + 1.1 - seconds
      // A frame that is due already waits for the terminal alone.
      if let deadline, !mustDraw { timeout = min(timeout, max(0, deadline - monotonic())) }
      if host.history.latest == nil, host.history.preview == nil {
        timeout = min(timeout, untilPreview)
        untilPreview *= 1.3
      }
      switch respond(to: terminal.nextEvent(timeout: timeout), on: terminal, &deadline) {
      case .exit(let reason): return reason
      case .draw: mustDraw = true
      case .nothing: break
      }
    }
  }

  private enum Response {
    case nothing, draw
    case exit(DashboardExit)
  }

  /// - Parameter deadline: the monotonic time by which a frame that waits is drawn.
  private func respond(to event: TerminalEvent, on terminal: any Terminal, _ deadline: inout Double?) -> Response {
    if let effect = handle(event) {
      let isDismissed = message.dismiss()
      return answer(effect == .nothing && isDismissed ? .draw : effect, on: terminal)
    }
    switch event {
    case .key, .burst, .paste, .mouse: return .nothing
    case .focus(let isFocused):
      defer { hasFocus = isFocused }
      return isFocused && !hasFocus ? .draw : .nothing
    case .woken:
      // An answer is shown immediately, whatever the refresh interval.
      let hasNews = past.takeNews() || windows.takeNews()
      guard isDue else { return hasNews ? .draw : .nothing }
      fetch(terminal.wake)
      if hasNews { return .draw }
      let time = monotonic()
      if processes.isTableAwaited, needsTable {
        deadline = deadline ?? time + Self.patience
      } else {
        let earliest = lastWake + Self.minimumInterval
        guard time < earliest else {
          lastWake = time
          return .draw
        }
        deadline = min(deadline ?? earliest, earliest)
      }
      return .nothing
    case .timeout:
      if let due = deadline {
        guard monotonic() >= due else { return .nothing }
        deadline = nil
        lastWake = due
      }
      return isDue ? .draw : .nothing
    case .suspend:
      terminal.suspend(wholeGroup: false)
      return .draw
    case .resized, .writable, .continued: return .draw
    case .terminated(let signal): return .exit(signal == Signals.interrupt ? .quit : .terminated(signal: signal))
    case .hangup: return .exit(.quit)
    }
  }

  /// Applies an input event; nil for other events.
  private func handle(_ event: TerminalEvent) -> Model.Effect? {
    model.now = monotonic()
    switch event {
    case .key(let key): return model.handle(key, in: frameContext)
    case .burst(let key): return model.handle(burst: key, in: frameContext)
    case .paste(let paste): return model.handle(paste, in: frameContext)
    case .mouse(let mouse): return model.handle(mouse, in: frameContext)
    default: return nil
    }
  }

  /// Whether a frame is due without a key.
  private var isDue: Bool {
    let refresh = Double(model.state.settings.refresh)
    let interval = hasFocus ? refresh : max(refresh, Self.unfocusedInterval)
    return interval <= 1 || now().seconds - lastDraw >= interval - 0.2
  }

  /// Requests samples at the frame rate; the previous watches are released afterwards, so that no track ends in
  /// between.
  private func watch(_ wake: @escaping @Sendable () -> Void) {
    let interval = model.state.settings.refresh
    guard interval != watchedInterval || watches.isEmpty else { return }
    watchedInterval = interval
    watches = hosts.map { $0.demand.watch(interval: interval) { _ in wake() } }
  }

  // MARK: Effects

  private func answer(_ effect: Model.Effect, on terminal: any Terminal) -> Response {
    switch effect {
    case .nothing: return .nothing
    case .quit: return .exit(.quit)
    case .draw: break
    case .hold(let process): hold([process])
    case .holdAll(let processes): hold(processes)
    case .redraw: terminal.invalidate()
    case .suspend: terminal.suspend(wholeGroup: true)
    case .save:
      apply(to: terminal)
      watch(terminal.wake)
      if let problem = config?.save(model.state.settings) { model.state.note = "not saved: " + problem }
    case .send(let signal, let pid):
      // Tags stay, as in htop: without them the next signal would go to the selected process.
      model.state.note = actions.send(signal, to: pid, control)
    case .copy(let text): terminal.copy(text)
    case .renice(let processes, let step): model.state.note = actions.renice(processes, by: step, control)
    case .askIOPriority(let processes): askIOPriority(processes)
    case .setIOPriority(let processes, let priority):
      model.state.note = ProcessActions.setIOPriority(priority, of: processes, control)
    case .silence(let isSilenced):
      options.alerts?.silence(isSilenced)
    }
    if case .signal? = model.state.overlay {} else { actions.release() }
    paused = model.state.isPaused ? paused ?? drawn : nil
    freeze()
    fetch(terminal.wake)
    return .draw
  }

  /// Keeps the samples known when the cursor left the present; the history continues meanwhile.
  private func freeze() {
    if model.state.cursor.time == nil {
      frozen = []
    } else if frozen.isEmpty {
      frozen = frameContext.entries
    }
  }

  /// Views the time to open at as soon as samples reach back to it, or the oldest one after some seconds; whether it did.
  private func viewStart(_ wake: @escaping @Sendable () -> Void) -> Bool {
    guard let time = start, !model.state.isGrid, !frameContext.entries.isEmpty else { return false }
    firstFrame = firstFrame ?? monotonic()
    // With the archive's oldest time known, no older samples will come; nor do they to a sampler without an archive.
    let isAlone = host.connection == nil && host.history.archive == nil
    let isKnown = time >= frameContext.oldest || drawn?.oldest != nil || isAlone
    guard isKnown || monotonic() - (firstFrame ?? 0) >= Self.startPatience else { return false }
    start = nil
    model.state.jump(to: time, frameContext)
    freeze()
    fetch(wake)
    return true
  }

  /// Actions on the shown machine's processes; nil where none are allowed.
  private var control: ProcessControl? { options.isReadOnly ? nil : host.control }

  private func hold(_ processes: [Process]) {
    guard let reason = actions.hold(processes, control) else { return }
    model.state.overlay = nil
    model.state.note = reason
  }

  private func askIOPriority(_ processes: [Process]) {
    guard let first = processes.first, let read = control?.ioPriority else {
      model.state.note = IOPriority.isNotSupported
      return
    }
    let now = read(first.pid)
    let place = IOPriority.all.firstIndex { $0.number == now } ?? 0
    model.state.overlay = .ioPriority(IOPriorityDialog(processes: processes, selected: place))
  }

  private func apply(to terminal: any Terminal) {
    let settings = model.state.settings
    if let theme = Theme.named(settings.theme), theme != terminal.theme { terminal.theme = theme }
    if terminal.color != settings.color { terminal.color = settings.color }
    if terminal.mouseEnabled != settings.mouse { terminal.mouseEnabled = settings.mouse }
  }

  // MARK: Background requests

  private var needsTable: Bool {
    let state = model.state
    guard host.processes != nil, state.cursor.time == nil, !state.isGrid, !state.isPaused else { return false }
    switch state.overlay {
    case .details, .workloads: return true
    default: break
    }
    if state.isMaximized, let focus = state.focus { return focus == .processes }
    return !state.settings.hidden.contains(.processes)
  }

  private func fetch(_ wake: @escaping @Sendable () -> Void) {
    wantThreads()
    if case .events? = model.state.overlay {
      let newest = frameContext.entries.last?.sample.timestamp.seconds
      eventList.fetch(of: model.state.host, from: host.history.archive, asOf: newest ?? .nan, wake)
    }
    if let request = WindowRequest(model.state, frameContext) {
      windows.ask(request, of: host.history, frameContext.entries, wake)
    }
    if needsTable, case .remote(let read)? = host.processes {
      processes.fetchTable(of: model.state.host, interval: Double(model.state.settings.refresh), wake, read)
    }
    let parts = model.state.table.memoryParts
    if !parts.isEmpty, needsTable, let source = host.memory {
      let pids = frameContext.memoryPIDs(model.state.table)
      processes.fetchMemory(of: pids, parts, host: model.state.host, wake, source)
    }
    if let pid = detailsPID, model.state.cursor.time == nil, let read = host.control?.details {
      processes.fetchDetails(of: pid, wake, read)
    }
  }

  /// Includes threads in scans while they are shown: those of active processes, and of the selected one and those that
  /// the filter matches even if idle.
  private func wantThreads() {
    let shown = frameContext.threadsOf(model.state.table)
    let isWanted = model.state.table.showsThreads && needsTable && host.control?.hasThreads == true
    for (place, watch) in watches.enumerated() {
      watch.wantThreads(isWanted && place == model.state.host, of: shown)
    }
  }

  // MARK: Drawing

  private func draw(on terminal: any Terminal) -> Bool {
    let input = input(terminal)
    let picture = Screen(input).draw()
    frameContext = picture.frameContext
    if !input.state.isPaused { drawn = input }
    // The table may have become shorter than the scroll position, or lower.
    if let scroll = frameContext.scroll { model.state.table.scroll = scroll }
    if let window = frameContext.window {
      lastTable = window
    } else {
      // A selected row that is listed again is visible if it was before.
      lastTable?.visible = 0
    }
    terminal.title =
      model.state.settings.title
      ? model.state.isGrid ? "agent" : "agent: " + (host.history.latest?.sample.host.hostname ?? host.name) : nil
    let before = terminal.bytesSent
    guard terminal.present(picture.grid) else { return false }
    let bytes = Double(terminal.bytesSent - before)
    frames += 1
    // The first frame is sent whole and does not count for the mean.
    if frames > 1 { meanBytes = meanBytes.isFinite ? meanBytes + (bytes - meanBytes) / 20 : bytes }
    lastDraw = now().seconds
    if case .signal(var dialog)? = model.state.overlay, dialog.isAsked, dialog.shown == nil {
      dialog.shown = monotonic()
      model.state.overlay = .signal(dialog)
    }
    return true
  }

  /// Adds known archived data to the input, and requests missing data.
  private func addHistory(to input: inout ScreenInput, _ wake: @escaping @Sendable () -> Void) {
    input.oldest = host.history.archive?.oldest
    guard let want = input.historyRequest(host: model.state.host) else {
      if model.state.cursor.time == nil { past.forget() }
      return
    }
    past.ask(want, of: host.history, now: Clock.monotonic, wake: wake)
    let range = past.range(want)
    input.past = range.steps
    input.events = range.events + input.events
    if want.time != nil { input.historyPoint = past.time(want) }
    input.isLoading = past.isAwaited(want, now: Clock.monotonic)
    input.historyFailure = past.failure
  }

  /// The process whose details are shown.
  private var detailsPID: Int32? {
    guard case .details(let pid)? = model.state.overlay else { return nil }
    return pid
  }

  private func addDetails(to input: inout ScreenInput) {
    if let pid = detailsPID { processes.addDetails(of: pid, to: &input) }
  }

  /// All known events, while their list is open.
  private func addEventList(to input: inout ScreenInput) {
    guard case .events? = model.state.overlay else { return }
    let place = min(model.state.host, hosts.count - 1)
    input.eventList = eventList.list(of: place, with: logs[place].events, isDerived: logs[place].isDerived)
  }

  /// Returns the input of the frozen frame, with later changes by keys.
  private func input(of paused: ScreenInput, _ terminal: any Terminal) -> ScreenInput {
    var input = paused
    (input.state, input.size, input.glyphs) = (model.state, terminal.size, terminal.glyphs)
    input.lastTable = lastTable
    input.ownAlerts = options.alerts?.current()
    addEventList(to: &input)
    addDetails(to: &input)
    input.window = WindowRequest(model.state, frameContext).flatMap(windows.answer)
    if model.state.cursor.time != nil { addHistory(to: &input, terminal.wake) }
    return input
  }

  private func input(_ terminal: any Terminal) -> ScreenInput {
    if let paused, model.state.isPaused { return input(of: paused, terminal) }
    let time = now()
    let place = min(model.state.host, hosts.count - 1)
    let history = host.history
    let entries =
      frozen.isEmpty || model.state.cursor.time == nil
      ? history.entries(interval: min(history.interval, model.state.settings.refresh)) : frozen
    if model.state.cursor.time == nil {
      logs[place].update(entries)
    }
    let table = processes.newestTable(needsTable ? host.processes : nil, host: model.state.host, entries)
    actions.update(table?.processes ?? [])
    processes.followCPU(of: detailsPID, entries, table?.processes, now: time.seconds)
    var input = ScreenInput(
      entries: entries, preview: history.preview?.sample, interval: history.interval, size: terminal.size,
      glyphs: terminal.glyphs, options: options, state: model.state, now: time.seconds, utcOffset: time.utcOffset,
      events: logs[place].events, table: table, bytesPerFrame: meanBytes,
      canSignal: host.control != nil && !options.isReadOnly)
    input.ownAlerts = options.alerts?.current()
    input.connection = host.connection?()
    input.lastTable = lastTable
    input.slowRows = drawn?.size == terminal.size ? frameContext.slowRows : 0
    input.silence = arrivals.silence(of: place, entries.last, now: monotonic())
    input.message = message.current(options.messages(), now: monotonic())
    input.hasWholeTable = host.processes != nil
    input.hasThreads = host.control?.hasThreads ?? false
    input.hasDetails = host.control != nil
    if !model.state.table.memoryParts.isEmpty { input.memory = processes.newestMemory(host: model.state.host) }
    addEventList(to: &input)
    input.window = WindowRequest(model.state, frameContext).flatMap(windows.answer)
    input.page = host.page ?? options.listening.map { $0 + "/ui/" }
    addDetails(to: &input)
    addHistory(to: &input, terminal.wake)
    if hosts.count > 1 {
      input.hosts = hosts.enumerated().map { place, host in
        HostSummary(
          name: host.name, sample: (host.history.latest ?? host.history.preview)?.sample,
          connection: host.connection?() ?? DashboardConnection(isConnected: true),
          silence: arrivals.silence(of: hosts.count + place, host.history.latest, now: monotonic()))
      }
    }
    return input
  }
}

/// The wall clock, and the offset of local time from UTC in seconds.
private func localNow() -> (seconds: Double, utcOffset: Int) {
  let seconds = Clock.realtime
  return (seconds, Clock.utcOffset(at: seconds))
}
